import assert from 'node:assert/strict'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { SessionSerializationError } from '../../lib/index.ts'
import { jsonSerializer } from '../../lib/payload/serializer.ts'

const { serialize, deserialize } = jsonSerializer

function arrays (depth: number): unknown {
  let value: unknown[] = []
  for (let i = 1; i < depth; i++) value = [value]
  return value
}

function nested (depth: number): object {
  let value: object = {}
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? { value } : [value]
  return value
}

const cycle: Record<string, unknown> = { list: [] };
(cycle['list'] as unknown[]).push({ cycle })

const twice = { shared: true }

const DATE = 'is a Date, which JSON does not keep: store its text (toISOString()) or its number (getTime())'
const HOLE = 'is undefined, or a hole of the array: JSON turns both into null; store null, or leave the item out'
const EXTRA = 'has the property `extra`, which JSON leaves out of an array: store an object, or a copy of the items alone'
const DEEP = 'is nested too deeply: 100 levels are the most, the session itself counted'

function sparse (length: number): unknown[] {
  const items: unknown[] = Array.from({ length }, (_, n) => n)
  delete items[1]
  return items
}

type Refused = [data: Record<string, unknown>, path: string, problem: string]

const refused: Refused[] = [
  [{ a: { toJSON () {} } }, 'session.a', 'has a toJSON() that returns nothing, so that JSON would leave it out'],
  [{ a: { b: { toJSON: () => () => {} } } }, 'session.a.b', 'has a toJSON() that returns nothing, so that JSON would leave it out'],
  [{ a: [0, { toJSON: (key: string) => key === '1' ? Symbol('s') : 1 }] }, 'session.a[1]', 'has a toJSON() that returns nothing, so that JSON would leave it out'],
  [{ a: 1n }, 'session.a', 'is a BigInt, which JSON does not keep: store its text (String(value))'],
  [{ a: [{ b: 1n }] }, 'session.a[0].b', 'is a BigInt, which JSON does not keep: store its text (String(value))'],
  [{ a: Object(1n) }, 'session.a', 'is a BigInt, which JSON does not keep: store its text (String(value))'],
  [{ a: () => {} }, 'session.a', 'is a function'],
  [{ toJSON: () => ({ admin: true }) }, 'session.toJSON', 'is a function'],
  [{ a: { b: Symbol('s') } }, 'session.a.b', 'is a symbol'],
  [{ a: [1, NaN] }, 'session.a[1]', 'is NaN, which JSON does not keep: store null, or nothing'],
  [{ a: -Infinity }, 'session.a', 'is -Infinity, which JSON does not keep: store null, or nothing'],
  [{ a: Object(NaN) }, 'session.a', 'is NaN, which JSON does not keep: store null, or nothing'],
  [{ a: new Date(0) }, 'session.a', DATE],
  [{ a: [{ b: new Date(NaN) }] }, 'session.a[0].b', DATE],
  [{ a: new (class Moment extends Date {})() }, 'session.a', DATE],
  [{ a: runInNewContext('new Date(0)') }, 'session.a', DATE],
  [{ a: new URL('http://a') }, 'session.a', 'is a URL, which JSON does not keep: store its text (href)'],
  [{ a: new URLSearchParams() }, 'session.a', 'is a URLSearchParams, which JSON does not keep: store its text (toString())'],
  [{ a: new Map() }, 'session.a', 'is a Map, which JSON does not keep: store Object.fromEntries(map), or an array of its entries'],
  [{ a: { b: new Set() } }, 'session.a.b', 'is a Set, which JSON does not keep: store an array of its values'],
  [{ a: /x/ }, 'session.a', 'is a RegExp, which JSON does not keep: store its text (source)'],
  [{ a: Buffer.from('a') }, 'session.a', 'is a Buffer, which JSON does not keep: store its text (toString(\'base64\'))'],
  ...[new Uint8Array(1), new Float64Array(1), new DataView(new ArrayBuffer(1)), new ArrayBuffer(1)].map(bytes =>
    [{ a: bytes }, 'session.a', `is a ${bytes.constructor.name}, which JSON does not keep: store its bytes as text (Buffer.from(bytes).toString('base64'))`] as Refused),
  [{ a: new Error('x') }, 'session.a', 'is a Error, which JSON does not keep'],
  [{ a: Promise.resolve() }, 'session.a', 'is a Promise, which JSON does not keep'],
  [{ a: [1, undefined] }, 'session.a[1]', HOLE],
  [{ a: [[1], sparse(3)] }, 'session.a[1][1]', HOLE],
  [{ a: Object.assign(sparse(2), { extra: 1 }) }, 'session.a', EXTRA],
  [{ a: Object.assign([1], { extra: 1 }) }, 'session.a', EXTRA],
  [{ a: Object.assign([1, 2], { '01': 1 }) }, 'session.a', EXTRA.replace('extra', '01')],
  [{ a: Object.assign([1, 2], { 4294967295: 1 }) }, 'session.a', EXTRA.replace('extra', '4294967295')],
  [{ before: { fine: true }, cycle }, 'session.cycle.list[0].cycle', 'refers back to an object that contains it'],
  [{ a: [twice, twice], b: NaN }, 'session.b', 'is NaN, which JSON does not keep: store null, or nothing'],
  [{ b: 1, a: nested(50_000) }, 'session.a', DEEP],
  [{ get a () { throw new Error('x') } }, 'session', 'has a getter or a toJSON() that throws'],
  [{ a: { toJSON () { throw new Error('x') } } }, 'session', 'has a getter or a toJSON() that throws'],
  [{ a: { toJSON: () => 1n } }, 'session', 'is not JSON'],
  [new Map() as never, 'session', 'is a Map, which JSON does not keep: store Object.fromEntries(map), or an array of its entries']
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
  t.throws(() => serialize(data), { code: 'SES_NOT_SERIALIZABLE', path: 'session.a' })
})

t.test('100 levels are stored, and one more is refused by name, whatever the values are', async t => {
  const kinds: Array<(depth: number) => unknown> = [
    depth => arrays(depth),
    depth => nested(depth - 1),
    depth => ({ absent: undefined, deep: arrays(depth - 1) }),
    depth => ({ toJSON: () => arrays(depth) })
  ]
  for (const [index, make] of kinds.entries()) {
    t.type(serialize({ a: make(99) }), 'string', `${index}`)
    for (const depth of [100, 500, 5_000, 100_000]) {
      t.throws(() => serialize({ a: make(depth) }), { code: 'SES_NOT_SERIALIZABLE', message: /`session(?:\.a)?` .*(?:100 levels|is not JSON)/ }, `${index} ${depth}`)
    }
  }
})

t.test('brackets in texts are no levels', async t => {
  const text = '[{\\"[['.repeat(200)
  t.strictSame(deserialize(serialize({ a: text, absent: { b: undefined } })), { a: text, absent: {} })
  t.strictSame(deserialize(serialize({ a: { toJSON: () => [text, [[]], {}] } })), { a: [text, [[]], {}] })
})

t.test('JSON of every kind is kept', async t => {
  class Point { x = 1 }
  class Money { cents: number; constructor (cents: number) { this.cents = cents } toJSON () { return `${this.cents / 100} EUR` } }
  class Day extends Date { override toJSON () { return this.toISOString().slice(0, 10) } }
  for (const [value, text] of [
    ['ä\0\ud800', '"ä\\u0000\\ud800"'], [0, '0'], [true, 'true'], [null, 'null'], [[], '[]'], [[1, [2]], '[1,[2]]'], [{}, '{}'],
    [new Money(250), '"2.5 EUR"'], [[new Money(1)], '["0.01 EUR"]'], [new Day(0), '"1970-01-01"'], [{ toJSON: () => ({ at: new Date(0) }) }, '{"at":"1970-01-01T00:00:00.000Z"}'], [-0, '0'],
    [{ a: 1, b: undefined }, '{"a":1}'], [new (class extends Array {})(), '[]'],
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
