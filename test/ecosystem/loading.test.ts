import { rmSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { runToEnd } from '../helpers/running.ts'

/** A program inside the package, which can import `fastsessions` as it was built. */
async function outputOf (lines: readonly string[]): Promise<unknown> {
  const file = new URL('loading.tmp.mjs', import.meta.url)
  writeFileSync(file, lines.join('\n'))
  t.teardown(() => { rmSync(file, { force: true }) })
  const { code, output } = await runToEnd('test/ecosystem/loading.tmp.mjs', [])
  if (code !== 0) throw new Error(output)
  return JSON.parse(output)
}

t.test('import and require give the same plugin and the same classes, of every entry point that needs no driver', async t => {
  const entries = ['fastsessions', 'fastsessions/no-global', 'fastsessions/file', 'fastsessions/redis', 'fastsessions/express-store', 'fastsessions/devices',
    'fastsessions/migrate', 'fastsessions/testing']
  t.strictSame(await outputOf([
    'import { createRequire } from \'node:module\'',
    'const require = createRequire(import.meta.url)',
    'const answers = []',
    `for (const entry of ${JSON.stringify(entries)}) {`,
    '  const [imported, required] = [await import(entry), require(entry)]',
    '  const names = Object.keys(imported)',
    '  answers.push(names.length > 0 && names.every(name => imported[name] === required[name]))',
    '}',
    'const sessions = require(\'fastsessions\')',
    'const { FileBackend } = await import(\'fastsessions/file\')',
    'try { new FileBackend({}) } catch (error) { answers.push(error instanceof sessions.InvalidOptionsError) }',
    'answers.push(sessions === sessions.default, sessions === (await import(\'fastsessions\')).default)',
    'console.log(JSON.stringify(answers))'
  ]), [...entries.map(() => true), true, true, true])
})

t.test('Ajv is loaded where a schema asks for it, and nowhere else', async t => {
  t.strictSame(await outputOf([
    'import { createRequire } from \'node:module\'',
    'import sessions, { MemoryBackend } from \'fastsessions\'',
    'const { cache } = createRequire(import.meta.url)',
    'const isLoaded = () => Object.keys(cache).some(path => /[\\\\/]ajv[\\\\/]/.test(path))',
    // Only what the plugin itself asks of an application, since Fastify has an Ajv of its own.
    'const app = { initialConfig: {}, log: {}, hasPlugin: () => true, hasRequestDecorator: () => false, addHook () {}, decorate () {}, decorateRequest () {} }',
    'const start = options => sessions(app, { backend: new MemoryBackend(), ...options }).then(() => 0, () => 0)',
    'await start({})',
    'const before = isLoaded()',
    'await start({ schema: { type: \'object\' } })',
    'console.log(JSON.stringify([before, isLoaded()]))'
  ]), [false, true])
})
