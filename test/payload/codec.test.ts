import { inspect } from 'node:util'
import t from 'tap'
import type { PayloadCodec } from '../../lib/payload/codec.ts'
import { assertStorable } from '../../lib/payload/storable.ts'
import { resolveOptions } from '../../lib/config/options.ts'
import type { SessionOptions, SessionRecord, SessionSerializer } from '../../lib/index.ts'
import { appWith, store } from '../helpers/config.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'

const codecOf = (options: SessionOptions = {}): PayloadCodec => resolveOptions({ backend: new MinimalBackend(), ...options }).codec
const recordOf = (data: string, schemaVersion = 1): SessionRecord => ({
  id: 'i', version: 1, data, schemaVersion, createdAt: 0, lastAccessedAt: 0, expiresAt: 1, subject: null, policy: null, meta: null
})

const tagged: SessionSerializer = {
  serialize: data => JSON.stringify(Object.entries(data).map(([key, value]) =>
    value instanceof Date ? [key, 'date', value.getTime()] : value instanceof Map ? [key, 'map', [...value]] : [key, 'plain', value])),
  deserialize: text => Object.fromEntries((JSON.parse(text) as Array<[string, string, never]>).map(([key, type, value]) =>
    [key, type === 'date' ? new Date(value) : type === 'map' ? new Map(value) : value]))
}

t.test('payloads are JSON, read as they were written', async t => {
  const codec = codecOf()
  t.equal(codec.emptyText, '{}')
  t.equal(codec.serialize({ a: [1] }), '{"a":[1]}')
  const record = recordOf('{"a":[1]}')
  t.strictSame(codec.decode(record), { stored: { record, text: '{"a":[1]}', tree: { a: [1] } }, data: { a: [1] } })
  t.equal(codec.toData('{"a":1}', 'i'), '{"a":1}', 'nothing is sealed unless asked')
})

t.test('a stored payload that is nested too deeply is corrupt, by whichever way it is read', async t => {
  const deep = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
  const serializer = { serialize: JSON.stringify, deserialize: () => { throw new RangeError('Maximum call stack size exceeded') } }
  for (const version of [1, 2]) {
    for (const levels of [101, 1_000, 5_000, 200_000]) {
      t.equal(codecOf({ schemaVersion: version }).decode(recordOf(deep(levels))).rejected, 'corrupt', `${levels} levels, version ${version}`)
      t.equal(codecOf({ schemaVersion: version }).decode(recordOf(deep(levels).replace('{', '{"id":1,'))).rejected, 'corrupt')
    }
    t.equal(codecOf({ schemaVersion: version }).decode(recordOf(deep(100))).rejected, undefined)
  }
  t.equal(codecOf({ serializer }).decode(recordOf('x')).rejected, 'corrupt')
})

t.test('values are the same when they are stored alike', async t => {
  const json = codecOf()
  for (const [value, parsed] of [[[1], [1]], [{ a: -0 }, { a: 0 }], [undefined, undefined]]) {
    t.ok(json.isSame(value, parsed, 'k'))
    t.ok(json.isStoredAs(value, parsed, 'k'))
  }
  for (const [live, parsed] of [[{ toJSON: () => 'text' }, 'text'], [{ a: undefined }, {}]]) t.ok(json.isStoredAs(live, parsed, 'k'))
  for (const [value, parsed] of [[[1], [2]], [{ a: 1, b: 2 }, { b: 2, a: 1 }], [1, '1'], [null, undefined], [[], {}]]) {
    t.notOk(json.isSame(value, parsed, 'k'))
    t.notOk(json.isStoredAs(value, parsed, 'k'))
  }
  t.notOk(json.isStoredAs(1n, '1', 'k'), 'what cannot be stored is nothing that is stored')
  const own = codecOf({ serializer: { serialize: data => inspect(data, { depth: 9 }), deserialize: () => ({}) } })
  t.ok(own.isSame(new Map([[1, new Date(0)]]), new Map([[1, new Date(0)]]), 'k'))
  t.notOk(own.isSame({ a: -0 }, { a: 0 }, 'k'), 'what JSON does not tell apart, another serializer may')
})

t.test('a parsed payload is shared, a copy is the caller\'s own', async t => {
  const codec = codecOf()
  const tree = { a: [1] }
  t.equal(codec.parsed({ text: '{"a":[1]}', tree }), tree)
  t.strictSame(codec.copyOf({ text: '{"a":[1]}', tree }), tree)
  t.not(codec.copyOf({ text: '{"a":[1]}', tree })['a'], tree.a)
  for (const form of ['parsed', 'copyOf'] as const) t.strictSame(codec[form]({ text: '{"a":[1]}', tree: null }), tree)
})

t.test('a payload that is read again is another object, whatever was done to the first one', async t => {
  const codec = codecOf()
  for (let i = 0; i < 3; i++) {
    const { data } = codec.decode(recordOf('{"a":[1],"b":{"c":2}}')) as unknown as { data: { a: number[], b: object } }
    t.strictSame(data, { a: [1], b: { c: 2 } })
    data.a.push(2)
    Object.assign(data.b, { c: 3 })
  }
})

t.test('a payload that is read again is the one of its own text and id', async t => {
  const codec = codecOf()
  const dataOf = (record: SessionRecord) => (codec.decode(record) as { data: object }).data
  t.strictSame(dataOf(recordOf('{"a":1}')), { a: 1 })
  t.strictSame(dataOf(recordOf('{"a":2}')), { a: 2 })
  t.strictSame(dataOf({ ...recordOf('{"a":1}'), id: 'j' }), { a: 1 })
})

t.test('a serializer of the application may keep what JSON cannot', async t => {
  const codec = codecOf({ serializer: tagged })
  const data = { at: new Date(5), seen: new Map([['a', 1]]), plain: [1] }
  t.strictSame(codec.deserialize(codec.serialize(data)), data)
  const app = await appWith(t, { backend: new MinimalBackend(), serializer: tagged })
  app.get('/set', async request => { request.session.set('seen', new Map([['a', new Date(7)]])) })
  app.get('/check', async request => request.session.get('seen') instanceof Map)
  const cookie = await store(app, { a: 1 })
  await app.inject({ url: '/set', headers: { cookie } })
  t.equal((await app.inject({ url: '/check', headers: { cookie } })).body, 'true')
})

t.test('it is given a plain object without undefined, and never one of ours', async t => {
  const given: object[] = []
  const codec = codecOf({ serializer: { serialize: data => { given.push(data); return 'x' }, deserialize: () => ({}) } })
  class Live { a = 1; b = undefined }
  codec.serialize(new Live())
  t.strictSame(given.at(-1), { a: 1 })
  t.equal(Object.getPrototypeOf(given.at(-1)), Object.prototype)
})

t.test('what a serializer throws, or returns beside text, is a named error', async t => {
  const cause = new Error('on purpose')
  const withText = (text: unknown) => codecOf({ serializer: { serialize: data => Object.keys(data).length === 0 ? 'x' : text as string, deserialize: () => ({}) } })
  for (const [text, problem] of [
    [5, 'was serialized to number, expected a string'], [undefined, 'was serialized to undefined, expected a string'],
    ['', 'was serialized to an empty text: stores take that for an ended session'], ['a\0', 'contains a NUL character'], ['a\ud800', 'contains a lone surrogate'], ['\udc00\ud800', 'contains a lone surrogate']
  ] as const) {
    t.throws(() => withText(text).serialize({ a: 1 }), { code: 'SES_NOT_SERIALIZABLE', path: 'session', detail: `The session cannot be stored: \`session\` ${problem}` })
  }
  const throwing = codecOf({ serializer: { serialize: data => { if ('a' in data) throw cause; return 'x' }, deserialize: () => ({}) } })
  t.throws(() => throwing.serialize({ a: 1 }), { detail: 'The session cannot be stored: `session` was refused by the serializer', cause })
  const own = codecOf({ serializer: { serialize: data => { if ('a' in data) assertStorable('session.a', '\0'); return 'x' }, deserialize: () => ({}) } })
  t.throws(() => own.serialize({ a: 1 }), { code: 'SES_NOT_SERIALIZABLE', detail: 'The session cannot be stored: `session.a` contains a NUL character' }, 'one of ours stays as it is')
})

t.test('text that every store keeps passes', async t => {
  for (const text of ['', 'ä', '😀', '\u0001']) t.doesNotThrow(() => assertStorable('x', text))
})

t.test('a serializer that throws on reading, or gives no object, means no session', async t => {
  for (const deserialize of [() => { throw new Error('x') }, () => null, () => [], () => 'text']) {
    t.equal(codecOf({ serializer: { serialize: () => 'x', deserialize: deserialize as never } }).decode(recordOf('x')).rejected, 'corrupt')
  }
})

t.test('an own __proto__ is left out of what is read, and nothing else is', async t => {
  const deserialize = () => JSON.parse('{"a":1,"id":2,"signal":3,"__proto__":{"x":1}}')
  const codec = codecOf({ serializer: { serialize: JSON.stringify, deserialize } })
  t.strictSame(Object.entries(codec.deserialize('')), [['a', 1], ['id', 2], ['signal', 3]])
  t.strictSame((codec.decode(recordOf('')) as { data: object }).data, { a: 1, id: 2, signal: 3 })
})

t.test('the schema is asked on save; no schema means no objection', async t => {
  t.equal(codecOf().problem({ a: 1 }), null)
  const codec = codecOf({ schema: { type: 'object', properties: { a: { type: 'string' } } } })
  t.equal(codec.problem({ a: 'x' }), null)
  t.equal(codec.problem({ a: 1 })!.path, 'session.a')
})

t.test('the schema sees data as they are stored, live ones too', async t => {
  const schema = { type: 'object', additionalProperties: false, properties: { price: { type: 'string' } } }
  const codec = codecOf({ schema })
  const price = { toJSON: () => '2.5 EUR' }
  t.equal(codec.problem({ price, absent: undefined }), null)
  t.equal(codec.problem(codec.deserialize(codec.serialize({ price }))), null)
  t.equal(codecOf({ schema: { type: 'object', properties: { at: { type: 'object' } } }, serializer: tagged }).problem({ at: new Date(0) }), null)
})

t.test('a serializer is asked for values under their own outermost key, and where it takes no part of a value, the values are compared', async t => {
  const picky: SessionSerializer = {
    serialize: data => {
      for (const [key, value] of Object.entries(data)) if (key !== 'user' || typeof (value as { id?: unknown }).id !== 'number') throw new TypeError('not a user')
      return JSON.stringify(data)
    },
    deserialize: JSON.parse
  }
  const codec = codecOf({ serializer: picky })
  t.ok(codec.isSame({ id: 1 }, { id: 1 }, 'user'))
  t.notOk(codec.isSame({ id: 1 }, { id: 2 }, 'user'))
  t.ok(codec.isSame(['a'], ['a'], 'user'))
  t.notOk(codec.isSame(['a'], ['b'], 'user'))
})

t.test('a merged payload is empty or not, and has its text', async t => {
  for (const codec of [codecOf(), codecOf({ serializer: tagged })]) {
    for (const [data, isEmpty] of [[{}, true], [{ a: [1] }, false]] as const) {
      const snapshot = codec.joined(data)
      t.equal(codec.isEmpty(snapshot), isEmpty)
      t.equal(snapshot.text, codec.serialize(data))
      t.equal(snapshot.text, codec.serialize(data), 'and keeps it')
      t.strictSame(codec.parsed(snapshot), data)
    }
  }
})
