import fc from 'fast-check'
import t from 'tap'
import { jsonSerializer } from '../../lib/payload/serializer.ts'
import { copyPlain, copyTree, isSameTree } from '../../lib/payload/tree.ts'
import type { Payload } from '../../lib/payload/changes.ts'

const payloads = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })) as fc.Arbitrary<Payload>
const parsed = (text: string) => jsonSerializer.deserialize(text) as Payload

t.test('a copy says the same and shares no object', async t => {
  t.doesNotThrow(() => fc.assert(fc.property(payloads, payload => {
    const tree = parsed(JSON.stringify(payload))
    const copy = copyTree(tree)
    const objects = new Set(objectsIn(tree))
    return JSON.stringify(copy) === JSON.stringify(tree) && objectsIn(copy).every(object => !objects.has(object))
  })))
})

t.test('what was read, and not changed, is the same', async t => {
  t.doesNotThrow(() => fc.assert(fc.property(payloads, payload => {
    const tree = parsed(JSON.stringify(payload))
    return isSameTree(copyTree(tree), tree)
  })))
})

/** Values that JSON keeps and values that JSON drops, under keys that collide. */
const similar = fc.dictionary(fc.constantFrom('a', 'b', 'constructor', 'toString', '0'), fc.constantFrom<unknown>(
  1, null, undefined, NaN, -0, 0, '', [], {}, [1], [undefined], { a: 1 }, { a: undefined }, { toJSON: () => 1 }, new Date(0), () => 1, Symbol('s'), 1n
))

t.test('a copy of live data is what JSON makes of them, or none', async t => {
  t.doesNotThrow(() => fc.assert(fc.property(fc.oneof(payloads, similar), live => {
    const copy = copyPlain(live)
    return copy === null || fc.stringify(copy) === fc.stringify(JSON.parse(JSON.stringify(live)))
  }), { numRuns: 2_000 }))
  t.strictSame(copyPlain({ a: [1, { b: 'c' }], d: null, e: true }), { a: [1, { b: 'c' }], d: null, e: true })
  t.equal(Object.is(copyPlain({ a: -0 })!['a'], 0), true)
  t.equal(copyPlain(JSON.parse('{"a":{"__proto__":{}}}')), null)
  t.strictSame(copyPlain({ a: undefined, b: { c: undefined } }), { b: {} })
  for (const value of [NaN, Infinity, 1n, () => 1, new Date(), new Map(), Object.create(null), Object('x'), [undefined],
    Object.assign([1], { extra: 1 }), { constructor: 1 }]) t.equal(copyPlain({ value }), null)
  for (const data of [[], new Map(), new Date(), { toJSON: () => 1 }, JSON.parse('{"__proto__":1}'), { constructor: { prototype: 1 } }]) t.equal(copyPlain(data), null)
})

t.test('the order of the outermost keys is no difference', async t => {
  t.ok(isSameTree({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2, d: 3 }, a: 1 }))
  t.notOk(isSameTree({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }))
  t.notOk(isSameTree({ a: 1, b: 1 }, { b: 1, c: 1 }))
  t.notOk(isSameTree(Object.create({ b: 1 }, { a: { value: 1, enumerable: true } }), { a: 1 }))
})

t.test('what is the same has the same text, but for that order', async t => {
  t.doesNotThrow(() => fc.assert(fc.property(similar, payloads, similar, (live, other, last) => {
    for (const stored of [other, last]) {
      const tree = parsed(textOf(stored) ?? '{}')
      if (isSameTree(live, tree) && textOf(inOrder(live)) !== JSON.stringify(inOrder(tree))) return false
    }
    return true
  }), { numRuns: 5_000 }))
})

const changes: Readonly<Record<string, (live: any) => void>> = {
  'a value': live => { live.user.name = 'Bob' },
  'a key that was added': live => { live.added = 1 },
  'a key that was removed': live => { delete live.theme },
  'a key that was added deep inside': live => { live.user.age = 36 },
  'an item that was added': live => { live.roles.push('x') },
  'an item that was deleted': live => { delete live.roles[0] },
  'the order of keys': live => { live.user = { id: 1, name: 'Ada' } },
  'an array in place of an object': live => { live.none = [] },
  'an object in place of an array': live => { live.empty = {} },
  'a Date in place of its text': live => { live.at = new Date('2026-01-01T00:00:00.000Z') },
  'a function': live => { live.user.greet = () => {} },
  'a form of its own': live => { live.user.toJSON = () => 'Ada' },
  'a Map': live => { live.none = new Map() },
  'a class': live => { live.none = new (class {})() }
}

for (const [name, change] of Object.entries(changes)) {
  t.test(`a change is not the same: ${name}`, async t => {
    const tree = parsed('{"user":{"name":"Ada","id":1},"theme":"dark","roles":["a","b"],"none":{},"empty":[],"at":"2026-01-01T00:00:00.000Z"}')
    const live = copyTree(tree)
    t.ok(isSameTree(live, tree))
    change(live)
    t.notOk(isSameTree(live, tree))
  })
}

function inOrder (data: Payload): Payload { return Object.fromEntries(Object.entries(data).sort()) }

function objectsIn (value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return []
  return [value, ...Object.values(value).flatMap(objectsIn)]
}

function textOf (value: unknown): string | null {
  try {
    return JSON.stringify(value)
  } catch {
    return null
  }
}
