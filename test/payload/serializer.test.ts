import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { SessionSerializationError } from '../../lib/index.ts'
import { jsonSerializer } from '../../lib/payload/serializer.ts'

const { serialize, deserialize } = jsonSerializer

function nested (depth: number): object {
  let value: object = {}
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? { value } : [value]
  return value
}

const cycle: Record<string, unknown> = { list: [] };
(cycle['list'] as unknown[]).push({ cycle })

const twice = { shared: true }

const refused: Array<[data: Record<string, unknown>, path: string, problem: string]> = [
  [{ a: { toJSON () {} } }, 'session.a', 'has a toJSON() that returns nothing, so that JSON would leave it out'],
  [{ a: { b: { toJSON: () => () => {} } } }, 'session.a.b', 'has a toJSON() that returns nothing, so that JSON would leave it out'],
  [{ a: [0, { toJSON: (key: string) => key === '1' ? Symbol('s') : 1 }] }, 'session.a[1]', 'has a toJSON() that returns nothing, so that JSON would leave it out'],
  [{ a: 1n }, 'session.a', 'is a BigInt, which JSON does not keep'],
  [{ a: [{ b: 1n }] }, 'session.a[0].b', 'is a BigInt, which JSON does not keep'],
  [{ a: Object(1n) }, 'session.a', 'is a BigInt, which JSON does not keep'],
  [{ a: () => {} }, 'session.a', 'is a function'],
  [{ toJSON: () => ({ admin: true }) }, 'session.toJSON', 'is a function'],
  [{ a: { b: Symbol('s') } }, 'session.a.b', 'is a symbol'],
  [{ a: [1, NaN] }, 'session.a[1]', 'is NaN, which JSON does not keep'],
  [{ a: -Infinity }, 'session.a', 'is -Infinity, which JSON does not keep'],
  [{ a: new Map() }, 'session.a', 'is a Map, which JSON does not keep'],
  [{ a: { b: new Set() } }, 'session.a.b', 'is a Set, which JSON does not keep'],
  [{ a: new Uint8Array(1) }, 'session.a', 'is a Uint8Array, which JSON does not keep'],
  [{ a: /x/ }, 'session.a', 'is a RegExp, which JSON does not keep'],
  [{ a: new Error('x') }, 'session.a', 'is a Error, which JSON does not keep'],
  [{ a: Promise.resolve() }, 'session.a', 'is a Promise, which JSON does not keep'],
  [{ before: { fine: true }, cycle }, 'session.cycle.list[0].cycle', 'refers back to an object that contains it'],
  [{ a: [twice, twice], b: NaN }, 'session.b', 'is NaN, which JSON does not keep'],
  [{ a: nested(50_000) }, 'session', 'is nested too deeply, or has a getter that throws'],
  [{ get a () { throw new Error('x') } }, 'session', 'is nested too deeply, or has a getter that throws'],
  [{ a: { toJSON () { throw new Error('x') } } }, 'session', 'is not JSON'],
  [{ a: { toJSON: () => 1n } }, 'session', 'is not JSON']
]

for (const [data, path, problem] of refused) {
  t.test(`${path} that ${problem} is refused by name`, async t => {
    t.throws(() => serialize(data), { code: 'SES_NOT_SERIALIZABLE', path, detail: `The session cannot be stored: \`${path}\` ${problem}` })
  })
}

t.test('the cause of a failure that has no path is kept', async t => {
  const cause = new Error('on purpose')
  t.throws(() => serialize({ a: { toJSON () { throw cause } } }), { cause })
})

t.test('a value that changes while it is read is refused all the same', async t => {
  const values = [1, NaN, NaN, 1]
  const data = { get a () { return values.shift() } }
  t.throws(() => serialize(data), new SessionSerializationError('session', 'is not JSON'))
})

t.test('at any depth the answer is text or the named error', async t => {
  for (let depth = 1_000; depth < 9_000; depth += 250) {
    try {
      t.type(serialize({ a: nested(depth) }), 'string')
    } catch (error) {
      t.ok(error instanceof SessionSerializationError)
    }
  }
})

t.test('JSON of every kind is kept', async t => {
  class Point { x = 1 }
  for (const [value, text] of [
    ['ä\0\ud800', '"ä\\u0000\\ud800"'], [0, '0'], [true, 'true'], [null, 'null'], [[], '[]'], [[1, [2]], '[1,[2]]'], [{}, '{}'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'], [new URL('http://a'), '"http://a/"'], [Buffer.from('a'), '{"type":"Buffer","data":[97]}'],
    [new Point(), '{"x":1}'], [Object.assign(Object.create(null), { x: 1 }), '{"x":1}'], [[twice, twice], '[{"shared":true},{"shared":true}]'],
    [Object('x'), '"x"'], [Object(1), '1'], [Object(false), 'false']
  ] as const) t.equal(serialize({ value }), `{"value":${text}}`)
  t.equal(serialize({ absent: undefined }), '{}')
})

t.test('text that would pollute loses those keys, at any depth', async t => {
  const data = deserialize('{"a":1,"__proto__":{"polluted":1},"b":{"\\u005f_proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}}')
  t.strictSame(data, { a: 1, b: {} })
  t.equal((data as { polluted?: unknown }).polluted, undefined)
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
  t.equal(Object.getPrototypeOf(data), Object.prototype)
})

t.test('a plain key named constructor is data', async t => {
  t.strictSame(Object.entries(deserialize('{"constructor":"Bob"}')), [['constructor', 'Bob']])
})

t.test('what is written is read as it was', async t => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), data => {
    fc.pre(!/__proto__|constructor/.test(JSON.stringify(data)))
    assert.deepEqual(deserialize(serialize(data)), JSON.parse(JSON.stringify(data)))
  }))
  t.pass()
})

t.test('whatever the value, the answer is text or the named error', async t => {
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: true, withNullPrototype: true, withBoxedValues: true })
  fc.assert(fc.property(anything, value => {
    try {
      return typeof serialize({ value }) === 'string'
    } catch (error) {
      return error instanceof SessionSerializationError
    }
  }))
  t.pass()
})
