import t from 'tap'
import { type Changes, diff, differingKeys, isPlain, type Payload } from '../../lib/payload/changes.ts'
import { isSameValue } from '../../lib/payload/tree.ts'

const isSame = (value: unknown, other: unknown) => isSameValue(value, other)

/** Changes as plain objects: `[base, mine]` for a whole value. */
function told (changes: Changes): unknown {
  return Object.fromEntries([...changes].map(([key, { base, mine, inside }]) => [key, inside === null ? [base, mine] : told(inside)]))
}

t.test('what changed is told by path', async t => {
  const base = { a: 1, b: { c: [1], d: { e: 1, f: 1 } }, g: 4, h: {} }
  const mine = { a: 1, b: { c: [2], d: { e: 1, f: 2 } }, i: 5, h: {} }
  t.strictSame(told(diff(base, mine, isSame)), { b: { c: [[1], [2]], d: { f: [1, 2] } }, g: [4, undefined], i: [undefined, 5] })
})

t.test('an object that is equal to what it was is no change, whatever the order of its keys', async t => {
  for (const base of [{}, { a: [1], b: { c: 1, d: null } }]) t.equal(diff(base, structuredClone(base), isSame).size, 0)
  t.equal(diff({ a: { b: 1, c: 2 } }, { a: { c: 2, b: 1 } }, isSame).size, 0)
})

t.test('an array is one value, and so is what is no plain object on both sides', async t => {
  for (const [before, after] of [[[{ a: 1 }], [{ a: 2 }]], [{ a: 1 }, [1]], [[1], { a: 1 }], [{ a: 1 }, 'text'], [null, { a: 1 }], [{}, null]]) {
    t.strictSame(told(diff({ key: before }, { key: after }, isSame)), { key: [before, after] })
  }
  const [before, after] = [new Date(0), new Date(1)]
  t.equal(diff({ a: { at: before } }, { a: { at: after } }, Object.is).get('a')!.inside!.get('at')!.inside, null)
})

t.test('a key that was assigned a new object is one value, and no change where the object says the same', async t => {
  const isAssigned = (key: string) => key === 'a'
  t.strictSame(told(diff({ a: { x: 1 }, b: { a: { x: 1 } } }, { a: { x: 2 }, b: { a: { x: 2 } } }, isSame, isAssigned)), {
    a: [{ x: 1 }, { x: 2 }], b: { a: { x: [1, 2] } }
  })
  t.equal(diff({ a: { x: 1 } }, { a: { x: 1 } }, isSame, isAssigned).size, 0)
})

t.test('a key that an object only inherits is absent', async t => {
  t.strictSame(told(diff({}, { toString: 1 }, isSame)), { toString: [undefined, 1] })
  t.strictSame(told(diff({ b: { valueOf: 1 } }, { b: {} }, isSame)), { b: { valueOf: [1, undefined] } })
})

t.test('only keys whose values are not the same object or scalar differ', async t => {
  const shared = { x: 1 }
  t.strictSame(differingKeys({ a: 1, b: shared, c: {}, d: 1, u: undefined }, { a: 1, b: shared, c: {}, u: undefined, e: 1 }), ['c', 'u', 'e', 'd'])
  t.strictSame(differingKeys({ a: 1 }, { a: 1 }), [])
  t.strictSame(differingKeys(JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2,"a":1}')), ['a'])
})

t.test('a key __proto__ is no data, at any depth', async t => {
  const evil = (): Payload => JSON.parse('{"__proto__":{"x":1},"a":{"__proto__":{"x":1}}}')
  t.equal(diff({ a: {} }, evil(), isSame).size, 0)
  t.equal(diff(evil(), { a: {} }, isSame).size, 0)
})

t.test('objects that contain themselves come to an end', async t => {
  const loop = (value: number): Payload => {
    const object: Payload = { value }
    object['self'] = object
    return object
  }
  t.equal(diff({ a: loop(1) }, { a: loop(2) }, Object.is).size, 1)
  t.equal(diff({ a: loop(1) }, { a: loop(1) }, (a, b) => a === b || typeof a === 'object').size, 0)
})

t.test('each value is compared under its outermost key, and once', async t => {
  const asked: unknown[] = []
  diff({ a: { b: { c: 1 } }, d: 2 }, { a: { b: { c: 2 } }, d: 3 }, (value, other, key) => {
    asked.push([key, value, other])
    return false
  })
  t.strictSame(asked, [['a', 1, 2], ['d', 2, 3]])
})

t.test('plain objects are those of JSON and those without a prototype', async t => {
  for (const value of [{}, Object.create(null)]) t.ok(isPlain(value))
  for (const value of [null, undefined, 1, 'text', [], new Date(), new Map(), Object.create({}), () => {}]) t.notOk(isPlain(value))
})
