import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const MOST_LINES = 250
const MOST_COLUMNS = 140

function filesIn (folder: string): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.(?:[cm]?[jt]s|json)$/.test(entry.name))
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
    // Tests that run beside this test write files for a moment: those do not belong to the project.
    .filter(path => !/(?:^|\/)(?:node_modules|dist)\/|\.tmp\./.test(path))
}

function read (path: string): string { return readFileSync(join(root, path), 'utf8') }

/** The files that a file loads when it runs. Imports of types are left out: the compiler drops them. */
function loadedBy (path: string): string[] {
  const { outputText } = ts.transpileModule(read(path), {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, removeComments: true }
  })
  const specifiers = outputText.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g)
  return [...specifiers].map(([, specifier]) => join(dirname(path), specifier!))
}

/** The imports of each file of lib, types included: a reader has to understand them all. */
const imports: ReadonlyMap<string, readonly string[]> = new Map(filesIn('lib').map(path => [
  path,
  ts.preProcessFile(read(path)).importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => join(dirname(path), fileName))
    .filter(imported => imported.startsWith('lib/'))
]))

/** The groups of files that reach each other by imports (Tarjan's strongly connected components), each sorted. */
function circlesOf (graph: ReadonlyMap<string, Iterable<string>>): string[][] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []
  const visit = (place: string): void => {
    order.set(place, order.size)
    lowest.set(place, order.get(place)!)
    open.push(place)
    for (const next of graph.get(place) ?? []) {
      if (!order.has(next)) visit(next)
      if (open.includes(next)) lowest.set(place, Math.min(lowest.get(place)!, lowest.get(next)!))
    }
    if (lowest.get(place) !== order.get(place)) return
    const circle = open.splice(open.indexOf(place))
    if (circle.length > 1) circles.push(circle.sort())
  }
  for (const place of graph.keys()) if (!order.has(place)) visit(place)
  return circles
}

function reachedFrom (starts: readonly string[]): Set<string> {
  const reached = new Set(starts)
  for (const path of reached) {
    for (const next of loadedBy(path)) reached.add(next)
  }
  return reached
}

const lib = filesIn('lib')

/** A file of types alone has nothing that could run. */
function hasCode (path: string): boolean {
  return /^(?:export )?(?:default )?(?:async |abstract )?(?:class|function|const|let|await) /m.test(read(path))
}

t.test('a test loads every file of lib, since coverage cannot see a file that none loads', async t => {
  const reached = reachedFrom(filesIn('test').filter(path => path.endsWith('.test.ts')))
  t.strictSame(lib.filter(path => !reached.has(path) && hasCode(path)), [])
})

t.test('no file of lib is too long for one concern', async t => {
  const long = lib.map(path => ({ path, lines: read(path).split('\n').length - 1 })).filter(({ lines }) => lines > MOST_LINES)
  t.strictSame(long, [])
})

t.test('no line of lib is longer than a reader sees at a glance', async t => {
  const long = lib.flatMap(path => {
    return read(path).split('\n').flatMap((line, n) => line.length > MOST_COLUMNS ? [`${path}:${n + 1}`] : [])
  })
  t.strictSame(long, [])
})

t.test('no file of lib loads the data of languages, which takes as long as loading all the rest', async t => {
  t.strictSame(lib.filter(path => /\.toLocale\w+\(|\bIntl\./.test(read(path))), [])
})

t.test('circles of imports are found', async t => {
  const graph = new Map([['a', ['b']], ['b', ['c', 'd']], ['c', ['a']], ['d', ['e']], ['e', ['d', 'f']], ['f', []]])
  t.strictSame(circlesOf(graph).sort(), [['a', 'b', 'c'], ['d', 'e']])
  t.ok(imports.get('lib/plugin.ts')!.includes('lib/errors.ts'), 'and imports are read')
})

/** The folders of lib from the bottom to the top, each of which may import the names before. `errors`, `plugin` and `sessions` are files. */
const floors = ['errors', 'tools', 'crypto', 'record', 'readers', 'backends', 'payload', 'config', 'store', 'lifecycle', 'session', 'http', 'plugin', 'sessions', 'devices', 'migrate', 'cli']
/** What an author of a backend can import. */
const floorsOfBackends = ['errors', 'tools', 'crypto', 'record']

const doors = ['index', 'file', 'redis', 'memcached', 'database', 'express-store', 'starlette', 'cached', 'devices', 'migrate']

/** The folder directly in lib, or the file there: `payload` of lib/payload/codec.ts, `plugin` of lib/plugin.ts. */
function roomOf (path: string): string { return path.split('/')[1]!.replace(/\.ts$/, '') }

t.test('imports go down: a folder knows those below it, and no files import each other in a circle, types counted', async t => {
  for (const [file, imported] of imports) {
    const from = floors.indexOf(roomOf(file))
    if (from === -1) continue
    const upwards = imported.filter(path => floors.indexOf(roomOf(path)) > from || !floors.includes(roomOf(path)))
    t.strictSame(upwards, [], `${file} imports nothing above it`)
  }
  t.strictSame(circlesOf(imports), [])
})

t.test('backends import what holds records, and nothing that serves requests', async t => {
  for (const [file, imported] of imports) {
    if (roomOf(file) !== 'backends') continue
    t.strictSame(imported.filter(path => ![...floorsOfBackends, 'backends'].includes(roomOf(path))), [], file)
  }
})

t.test('readers import what knows texts and secrets: no store of ours, and nothing that serves requests', async t => {
  for (const [file, imported] of imports) {
    if (roomOf(file) !== 'readers') continue
    t.strictSame(imported.filter(path => ![...floorsOfBackends, 'readers'].includes(roomOf(path))), [], file)
  }
})

t.test('the kit stands beside the floors: nothing imports it, and it imports what the author of a backend can', async t => {
  for (const [file, imported] of imports) {
    if (roomOf(file) === 'testing') t.strictSame(imported.filter(path => ![...floorsOfBackends, 'testing'].includes(roomOf(path))), [], file)
    else t.strictSame(imported.filter(path => roomOf(path) === 'testing'), [], file)
  }
})

t.test('every file of lib stands on a floor, in the kit, or is the door of an entry point', async t => {
  t.strictSame(lib.filter(path => ![...floors, ...doors, 'testing'].includes(roomOf(path))), [])
  const topFiles = lib.filter(path => path.split('/').length === 2).map(roomOf)
  t.strictSame(topFiles.sort(), ['errors', 'plugin', 'sessions', ...doors].sort())
})

t.test('a door has exports and no code', async t => {
  for (const door of doors) t.notMatch(read(`lib/${door}.ts`), /\b(?:function|class|const|let|if|return)\b/, door)
})

t.test('no test is switched off, and no check is silenced', async t => {
  const forbidden: ReadonlyArray<[where: RegExp, what: RegExp]> = [
    [/^(?:test|lib\/testing)\//, /\.(?:only|skip|todo)\s*\(|\b(?:only|skip|todo)\s*:\s*(?:true|['"`])/],
    [/./, /(?:istanbul|c8|v8|node:coverage)\s+(?:ignore|disable)|@ts-(?:ignore|nocheck)|eslint-(?:disable|enable)/],
    [/^(?!types\/|scripts\/smoke\/)/, /@ts-expect-error/],
    [/./, /\b(?:TODO|FIXME)\b/]
  ]
  const files = ['lib', 'test', 'stress', 'types', 'examples', 'e2e', 'scripts', 'bench', 'integrations'].flatMap(filesIn).filter(path => path !== 'test/layout.test.ts')
  const offences = files.flatMap(path => forbidden
    .filter(([where]) => where.test(path))
    .flatMap(([, what]) => what.exec(read(path))?.slice(0, 1) ?? [])
    .map(found => `${path}: ${found}`))
  t.strictSame(offences, [])
})

t.test('every entry point of the package is built from a file of lib', async t => {
  type Condition = Readonly<Record<'types' | 'default', string>>
  const { bin, exports: entries } = JSON.parse(read('package.json')) as { bin: object, exports: Record<string, string | Record<'import' | 'require', Condition>> }
  t.strictSame(bin, { fastsessions: './dist/cli.cjs' }, 'the program comes from lib/cli')
  for (const [entry, conditions] of Object.entries(entries)) {
    if (typeof conditions === 'string') continue
    const name = conditions.require.default.replace(/^\.\/dist\/(.+)\.cjs$/, '$1')
    t.ok([`lib/${name}.ts`, `lib/${name}/index.ts`].some(source => existsSync(join(root, source))), `${entry} comes from ${name}`)
    t.equal(conditions.import.default, `./dist/${name}.js`)
    t.equal(conditions.import.types.replace(/d\.ts$/, 'd.cts'), conditions.require.types)
  }
})
