import { join } from 'node:path'
import t from 'tap'
import { lineOf } from '../../lib/cli/failures.ts'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { cli, configOf, folder, moduleOf, ONE_LINE } from '../helpers/cli.ts'

async function count (path: string, ...more: string[]) { return await cli(['count', '--config', path, ...more]) }

t.test('a module exports options, a function that returns them, or a promise', async t => {
  const backend = new MemoryBackend()
  for (const value of [{ backend }, () => ({ backend }), async () => ({ backend }), Promise.resolve({ backend }), [{ backend }], { session: { backend } }, { one: () => ({ backend }) }]) {
    t.match(await count(configOf(t, await value)), { status: 0, out: '0\n' })
  }
})

t.test('what a backend logs is for the log of an application', async t => {
  const backend = new MemoryBackend()
  const talkative = { read: () => null, write: () => '', remove () {}, count: () => 3, bind (context: any) { context.log.child({}).warn('hello'); return backend } }
  t.match(await count(configOf(t, { backend: talkative })), { status: 0, out: '0\n', err: '' })
})

t.test('CommonJS, compiled ES modules and named exports do as well', async t => {
  const backend = '{ backend: { read: () => null, write: id => id, remove () {}, count: () => 7 } }'
  for (const [name, text] of [
    ['a.cjs', `module.exports = ${backend}`],
    ['b.cjs', `exports.web = ${backend}`],
    ['c.cjs', `Object.defineProperty(exports, '__esModule', { value: true }); exports.default = ${backend}`],
    ['d.cjs', `Object.defineProperty(exports, '__esModule', { value: true, enumerable: true }); exports.web = ${backend}`],
    ['e.mjs', `export const web = ${backend}`]
  ] as const) {
    t.match(await count(moduleOf(t, text, name)), { status: 0, out: '7\n' }, text)
  }
})

t.test('of several registrations, --property chooses', async t => {
  const registrations = [{ backend: new MemoryBackend() }, { property: 'admin', backend: new MemoryBackend() }]
  for (const value of [registrations, { session: registrations[0], admin: registrations[1] }]) {
    const path = configOf(t, value)
    t.match(await count(path, '--property', 'admin'), { status: 0 })
    t.match(await count(path, '--property', 'session'), { status: 0 })
    t.match(await count(path), { status: 2, err: /several registrations: say which with --property \(session, admin\)/ })
    t.match(await count(path, '--property', 'shop'), { status: 1, err: /no registration with the property shop; it has: session, admin/ })
  }
  t.match(await count(configOf(t, [{ property: 'a' }, { property: 'a' }]), '--property', 'a'), { status: 1, err: /has 2 registrations with the property a/ })
})

t.test('a module that is missing, broken, or exports nothing or the wrong thing is one line and exit status 1', async t => {
  const wrong: ReadonlyArray<readonly [path: string, says: RegExp]> = [
    [join(folder(t), 'none.js'), /there is no file .*none\.js; --config and the like take the path of a module/],
    [moduleOf(t, 'export default {'), /cannot be loaded: /],
    [moduleOf(t, 'throw new Error("no\\nway")'), /cannot be loaded: no way/],
    [moduleOf(t, 'import "not-installed-at-all"'), /cannot be loaded: Cannot find package 'not-installed-at-all'/],
    [moduleOf(t, 'console.log.name'), /exports nothing; it must export the options that `register` takes: `export default \{ backend, … \}`/],
    [moduleOf(t, '', 'a.cjs'), /exports nothing/],
    [moduleOf(t, 'Object.defineProperty(exports, "__esModule", { value: true, enumerable: true })', 'a.cjs'), /exports nothing/],
    [moduleOf(t, 'export default "redis://user:hush@host"'), /exports a value of type string/],
    [moduleOf(t, 'export default null'), /exports null/],
    [moduleOf(t, 'export default []'), /exports an empty list/],
    [moduleOf(t, 'export default [[]]'), /exports an array in an array/],
    [moduleOf(t, 'export default () => {}'), /exports nothing/],
    [moduleOf(t, 'export default () => { throw new Error("no database") }'), /the function that .* exports failed: no database/],
    [moduleOf(t, 'export default { store: 1 }'), /sessions\.config\.mjs: Unknown option `store`/],
    [moduleOf(t, 'export default { cookie: {} }'), /sessions\.config\.mjs: Expected `secret` to be at least 32 random bytes/]
  ]
  for (const [path, says] of wrong) {
    const { status, out, err } = await count(path)
    t.strictSame([status, out], [1, ''], path)
    t.match(err, ONE_LINE)
    t.match(err, says)
    t.notMatch(err, /hush/)
  }
})

t.test('a backend that is not fit for use says so with the module, and one that is down with the cause', async t => {
  const { InvalidOptionsError } = await import('../../lib/errors.ts')
  const memory = () => Object.assign(new MemoryBackend(), { bind: undefined })
  const unfit = Object.assign(memory(), { prepare () { throw new InvalidOptionsError('the table\nis missing') } })
  t.match(await count(configOf(t, { backend: unfit })), { status: 1, err: /^fastsessions: .*sessions\.config\.mjs: the table is missing\n$/ })

  let closed = 0
  const down = Object.assign(memory(), {
    prepare () { throw Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }) },
    close () { closed++ }
  })
  t.match(await count(configOf(t, { backend: down })), { status: 1, out: '', err: /^fastsessions: MemoryBackend failed to prepare for a session: ECONNREFUSED: is the server up, and its address right\?\n$/ })
  t.equal(closed, 1, 'and it is closed')

  const failing = new FaultyBackend(new MemoryBackend())
  failing.fail('count')
  const { status, err } = await count(configOf(t, { backend: failing }), '--verbose')
  t.equal(status, 1)
  t.match(err, /\n {4}at /, '--verbose shows the stack')
})

t.test('whatever is thrown is one line', async t => {
  t.equal(lineOf('text'), 'text')
  t.equal(lineOf(new Error('a\n  b', { cause: 'c' })), 'a b: c')
  t.equal(lineOf(Object.assign(new Error(''), { name: 'Odd' })), 'Odd')
  t.equal(lineOf(new Error('x'.repeat(5_000))).length, 2_000)
})
