import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { apply, diff, isUnchanged, type Payload } from '../../lib/payload/changes.ts'

const isSame = (value: unknown, other: unknown) => JSON.stringify({ value }) === JSON.stringify({ value: other })
const key = fc.constantFrom('a', 'b', 'c', 'd', '__proto__', 'constructor', '')
const payload = fc.dictionary(key, fc.jsonValue({ maxDepth: 2 })) as fc.Arbitrary<Payload>
// Data as a store keeps them: -0 becomes 0, objects are not shared.
const text = (data: Payload) => JSON.stringify(Object.entries(data).sort(([a], [b]) => a < b ? -1 : 1))
const same = (actual: Payload, expected: Payload) => assert.equal(text(actual), text(expected))

t.test('what changed is told by key, deep changes included', async t => {
  t.strictSame(diff({ a: 1, b: { c: [1] }, d: 4 }, { a: 1, b: { c: [2] }, e: 5 }, isSame), { set: { b: { c: [2] }, e: 5 }, removed: ['d'], cleared: false })
  t.strictSame(diff({ a: 1 }, { a: 1, b: 2 }, isSame, true), { set: { a: 1, b: 2 }, removed: [], cleared: true })
})

t.test('unchanged is what neither sets, removes nor clears', async t => {
  t.ok(isUnchanged(diff({ a: [1], b: 2 }, { b: 2, a: [1] }, isSame)))
  t.notOk(isUnchanged(diff({ a: 1 }, { a: 2 }, isSame)))
  t.notOk(isUnchanged(diff({ a: 1 }, {}, isSame)))
  t.notOk(isUnchanged(diff({}, { a: 1 }, isSame)))
  t.notOk(isUnchanged(diff({}, {}, isSame, true)))
})

t.test('a key that base only inherits is a new key', async t => {
  t.strictSame(diff({}, { toString: 1 }, isSame).set, { toString: 1 })
  t.strictSame(diff(Object.create({ a: 1 }), { a: 1 }, isSame).set, { a: 1 })
  t.strictSame(diff({ valueOf: 1 }, {}, isSame).removed, ['valueOf'])
})

t.test('law: changes applied to what they were measured against give the result, cleared or not', async t => {
  fc.assert(fc.property(payload, payload, fc.boolean(), (a, b, cleared) => { same(apply(diff(a, b, isSame, cleared), a), b) }))
  t.pass()
})

t.test('law: nothing changed changes nothing, on any fresh data', async t => {
  fc.assert(fc.property(payload, payload, (a, fresh) => { same(apply(diff(a, structuredClone(a), isSame), fresh), fresh) }))
  t.pass()
})

t.test('law: two requests that change different keys keep both changes, in either order', async t => {
  fc.assert(fc.property(payload, payload, payload, fc.func(fc.boolean()), (base, b1, b2, isFirsts) => {
    const owned = (mine: boolean, changed: Payload) => {
      const keys = new Set([...Object.keys(base), ...Object.keys(changed)])
      return Object.fromEntries([...keys].flatMap(key => {
        const source = isFirsts(key) === mine ? changed : base
        return Object.hasOwn(source, key) ? [[key, source[key]]] : []
      }))
    }
    const [first, second] = [owned(true, b1), owned(false, b2)]
    const [d1, d2] = [diff(base, first, isSame), diff(base, second, isSame)]
    const both = apply(d2, apply(d1, base))
    same(both, apply(d1, apply(d2, base)))
    for (const key of new Set([...Object.keys(base), ...Object.keys(b1), ...Object.keys(b2)])) {
      const owner = isFirsts(key) ? first : second
      assert.equal(Object.hasOwn(both, key), Object.hasOwn(owner, key))
      if (Object.hasOwn(owner, key)) assert.ok(isSame(both[key], owner[key]))
    }
  }))
  t.pass()
})

t.test('law: keys that were not changed are as the fresh data have them', async t => {
  fc.assert(fc.property(payload, payload, payload, (base, current, fresh) => {
    const changes = diff(base, current, isSame)
    const merged = apply(changes, fresh)
    const touched = new Set([...Object.keys(changes.set), ...changes.removed])
    const rest = (data: Payload) => Object.fromEntries(Object.entries(data).filter(([key]) => !touched.has(key)))
    same(rest(merged), rest(fresh))
  }))
  t.pass()
})

t.test('law: after clear() only what was set since is left, whatever others added', async t => {
  fc.assert(fc.property(payload, payload, payload, (base, current, fresh) => { same(apply(diff(base, current, isSame, true), fresh), current) }))
  t.pass()
})

t.test('law: applying twice is applying once, and no argument is changed', async t => {
  fc.assert(fc.property(payload, payload, payload, fc.boolean(), (base, current, fresh, cleared) => {
    const before = [base, current, fresh].map(text)
    const changes = diff(base, current, isSame, cleared)
    const once = apply(changes, fresh)
    same(apply(changes, once), once)
    assert.deepEqual([base, current, fresh].map(text), before)
    assert.equal(Object.getPrototypeOf(once), Object.prototype)
  }))
  t.pass()
})
