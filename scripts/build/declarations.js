import { existsSync, readFileSync } from 'node:fs'
import { join, posix, relative } from 'node:path'
import ts from 'typescript'
import { MAIN, mainDeclarations } from './main-declarations.js'

/** The path of an import, in either kind of quotes. */
const SPECIFIER = /(?<=\bfrom |\bimport\()(['"])(\.[^'"]+)\1/g
/** The file that adds to the types of Fastify, which `fastsessions/no-global` leaves out. */
const FASTIFY = 'types/fastify.d.ts'

/**
 * The declarations of the entry points: CommonJS files, and doors for ES modules. Either way a type is the same type.
 *
 * @returns texts by name of the file in dist; `null` where lib does not compile
 */
export function declarationsOf (root, names) {
  const program = programOf(root)
  const problems = ts.getPreEmitDiagnostics(program)
  if (problems.length > 0) {
    console.error(ts.formatDiagnosticsWithColorAndContext(problems, ts.createCompilerHost(program.getCompilerOptions())))
    return null
  }
  const texts = emitted(root, program)
  const sources = names.map(name => texts.has(`lib/${name}.ts`) ? `lib/${name}.ts` : `lib/${name}/index.ts`)
  const files = {}
  for (const source of reachedFrom([...sources, FASTIFY], texts, root)) files[nameOf(source)] = rewritten(source, textOf(source, texts, root), root)
  for (const name of names.filter(name => name !== 'index')) files[`${name}.d.ts`] = `export * from './${name}.cjs'\n`
  return Object.assign(files, mainDeclarations(namesOf(program, join(root, 'lib/index.ts'))))
}

function programOf (root) {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.build.json'), ts.sys.readFile)
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  return ts.createProgram(fileNames, { ...options, emitDeclarationOnly: true })
}

/** What the compiler writes, by the path of its source: `lib/redis.ts`. */
function emitted (root, program) {
  const texts = new Map()
  program.emit(undefined, (_path, text, _mark, _onError, [source]) => { texts.set(relative(root, source.fileName).replaceAll('\\', '/'), text) })
  return texts
}

function textOf (source, texts, root) {
  return texts.get(source) ?? readFileSync(join(root, source), 'utf8')
}

function reachedFrom (sources, texts, root) {
  const reached = new Set(sources)
  for (const source of reached) {
    for (const [, , path] of textOf(source, texts, root).matchAll(SPECIFIER)) reached.add(sourceOf(source, path, root))
  }
  return reached
}

/** The source that an import means: the compiler leaves `.ts`, or makes `.js` of it. */
function sourceOf (from, path, root) {
  const bare = posix.join(posix.dirname(from), path).replace(/(?:\.d)?\.[jt]s$/, '')
  return [`${bare}.ts`, `${bare}.d.ts`].find(source => existsSync(join(root, source)))
}

/** `lib/redis.ts` is `redis.d.cts`, and `types/index.d.ts` is `types/index.d.cts`. What the main entry exports has a name of its own. */
function nameOf (source) {
  if (source === 'lib/index.ts') return `${MAIN}.d.cts`
  return source.replace(/^lib\/(?:(testing)\/index\.ts$)?/, '$1').replace(/(?:\.d)?\.ts$/, '').concat('.d.cts')
}

function rewritten (source, text, root) {
  const own = posix.dirname(nameOf(source))
  // The main entry itself says whether it adds to the types of Fastify.
  const kept = source === 'lib/index.ts' ? text.replace(/^import type \{\} from .*fastify.*\n/m, '') : text
  return kept.replace(SPECIFIER, (_whole, quote, path) => {
    const to = posix.relative(own, nameOf(sourceOf(source, path, root))).replace(/\.d\.cts$/, '.cjs')
    return `${quote}${to.startsWith('.') ? to : `./${to}`}${quote}`
  })
}

/** The names that a file exports: values, and types alone. */
function namesOf (program, file) {
  const checker = program.getTypeChecker()
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)))
  const isValue = symbol => ((symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol).flags & ts.SymbolFlags.Value) !== 0
  const of = wanted => exported.filter(symbol => isValue(symbol) === wanted).map(({ name }) => name).filter(name => !['default', 'sessions'].includes(name)).sort()
  return { values: of(true), types: of(false) }
}
