import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { jsonSerializer } from '../../lib/payload/serializer.ts'
import * as exported from '../../lib/index.ts'
import { RESERVED_KEYS } from '../../lib/payload/reserved.ts'
import { inDocs, read, root } from '../helpers/documents.ts'
import { runToEnd } from '../helpers/running.ts'

const inFolders = ['examples', 'bench', 'stress', 'scripts/mutate'].map(folder => `${folder}/README.md`)
const documents = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...inFolders, ...inDocs]
const reference = read('docs/reference.md')

t.test('every example marked as runnable runs', async t => {
  for (const file of documents) {
    for (const [index, [, code]] of [...read(file).matchAll(/```js run\n([^]*?)```/g)].entries()) {
      // The program lies inside the package, so that it can import `fastsessions`.
      const program = `test/docs/${file.replaceAll('/', '-')}-${index}.tmp.mjs`
      writeFileSync(new URL(program, root), `${code!}\nconst answer = await app.inject('/')\nawait app.close()\nconsole.log('the application answered', answer.statusCode)\n`)
      try {
        t.match(await runToEnd(program, []), { code: 0, output: /the application answered (200|404)\n/ }, `${file} ${index}`)
      } finally {
        rmSync(new URL(program, root))
      }
    }
  }
})

t.test('every link leads to a file, and to a heading of it', async t => {
  for (const file of documents) {
    for (const [, link] of read(file).matchAll(/\]\((?!https?:|mailto:)([^)]+)\)/g)) {
      const [path, heading] = link!.split('#') as [string, string?]
      const target = path === '' ? new URL(file, root) : new URL(path, new URL(file, root))
      t.ok(existsSync(target), `${file}: ${link}`)
      if (heading === undefined) continue
      const headings = [...readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, text]) => text!.toLowerCase().replace(/[^\w -]/g, '').replaceAll(' ', '-'))
      t.ok(headings.includes(heading), `${file}: ${link}`)
    }
  }
})

t.test('the website and the README lead to every page', async t => {
  const [config, readme] = [read('site/.vitepress/config.js'), read('README.md')]
  for (const file of inDocs.filter(file => file !== 'docs/index.md' && !file.startsWith('docs/errors/'))) {
    t.ok(config.includes(`'${file.replace(/^.*\//, '').replace('.md', '')}']`), `${file} on the website`)
    t.ok(readme.includes(`(${file})`), `${file} in the README`)
  }
})

t.test('the reference has every option with its default', async t => {
  const { properties } = exported.optionsSchema as { properties: Record<string, { default?: unknown, properties?: Record<string, { default?: unknown }> }> }
  const rows = Object.entries(properties).flatMap(([name, { default: value, properties: inner }]) => inner === undefined
    ? [[name, value] as const]
    : Object.entries(inner).map(([key, { default: value }]) => [`${name}.${key}`, value] as const))
  for (const [name, value] of rows) {
    const shown = value === undefined ? '' : jsonSerializer.serialize({ value }).slice('{"value":'.length, -1).replaceAll('"', '\'')
    t.ok(reference.includes(`| \`${name}\` | ${shown === '' ? '' : `\`${shown}\` |`}`), `${name}: ${shown}`)
  }
})

t.test('the reference has every error with its code and status', async t => {
  const samples: Record<string, unknown[]> = { SessionTooLargeError: [1, 1], SessionValidationError: ['a', 'b'], SessionSerializationError: ['a', 'b'], NotSupportedError: ['a', 'b'] }
  for (const [name, Class] of Object.entries(exported).filter(([name]) => name.endsWith('Error'))) {
    const { code, statusCode } = new (Class as new (...args: unknown[]) => { code: string, statusCode: number })(...samples[name] ?? ['message'])
    t.ok(reference.includes(`| \`${name}\` | [\`${code}\`](errors/${code}.md) | ${statusCode} |`), name)
    t.ok(read(`docs/errors/${code}.md`).startsWith(`# ${code}\n\n\`${name}\`, answered with ${statusCode}.\n`), name)
  }
})

t.test('the reference has every member of the session', async t => {
  const planned = ['signal', 'cookie', 'sessionId', '__proto__']
  for (const member of RESERVED_KEYS) {
    if (!planned.includes(member)) t.match(reference, new RegExp(`\`${member}[\`(]`), member)
  }
})

t.test('the architecture has a row for each folder of lib, and the files and names that it mentions are there', async t => {
  const text = read('docs/architecture.md')
  const folders = readdirSync(new URL('lib', root), { withFileTypes: true }).filter(entry => entry.isDirectory()).map(({ name }) => name)
  for (const folder of folders) t.ok(folder === 'testing' || text.includes(`| \`${folder}/\` |`), folder)
  for (const [, file] of text.matchAll(/`((?:lib|types|test)\/[\w/.-]+\.ts)`/g)) t.ok(existsSync(new URL(file!, root)), file!)
  // `lib/a.ts` `name`, `other`: names that follow a file must stand in the file.
  for (const [, file, names] of text.matchAll(/`(lib\/[\w/.-]+\.ts)`((?:,? `#?[\w.]+`)+)/g)) {
    for (const [, name] of names!.matchAll(/`([^`]+)`/g)) t.ok(read(file!).includes(name!), `${file!}: ${name!}`)
  }
})
