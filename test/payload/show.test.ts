import t from 'tap'
import type { Payload } from '../../lib/payload/changes.ts'
import { show } from '../../lib/payload/show.ts'
import { isSameValue } from '../../lib/payload/tree.ts'

/** Shows a payload in live data; `shown` are the keys whose whole value was shown. */
function shown (live: Payload, before: Payload, now: Payload, assigned: readonly string[] = []): string[] {
  const keys: string[] = []
  show(live, before, now, {
    isSame: isSameValue,
    isStoredAs: isSameValue,
    isAssigned: key => assigned.includes(key),
    own: value => value,
    onShown: key => { keys.push(key) }
  })
  return keys
}

t.test('what has changed is shown, in the objects that are there', async t => {
  const live = { a: 1, user: { name: 'Ann', tags: [1] }, gone: 1, same: { x: 1 } }
  const { user, same } = live
  t.strictSame(shown(live, structuredClone(live), { a: 2, user: { name: 'Bob', tags: [2] }, same: { x: 1 }, added: { y: 1 } }), ['a', 'added', 'gone'])
  t.strictSame(live, { a: 2, user: { name: 'Bob', tags: [2] }, same: { x: 1 }, added: { y: 1 } })
  t.equal(live.user, user)
  t.equal(live.same, same)
})

t.test('what the application has changed since stays, at any depth', async t => {
  const live = { a: 'mine', user: { name: 'mine', age: 1 }, list: [1, 2], own: { x: 1 } }
  const before = { a: 1, user: { name: 'Ann', age: 1 }, list: [1], own: { x: 1 }, removed: 1 }
  const now = { a: 2, user: { name: 'Bob', age: 2 }, list: [1, 3], own: { x: 2 }, removed: 2 }
  t.strictSame(shown(live, before, now, ['own']), [])
  t.strictSame(live, { a: 'mine', user: { name: 'mine', age: 2 }, list: [1, 2], own: { x: 1 } })
})

t.test('objects that show all of it have the order of the keys, too', async t => {
  const live = { user: { b: 1, c: { y: 1, x: 1 } }, own: { b: 1, a: 1 } }
  const { user, user: { c } } = live
  shown(live, structuredClone(live), { user: { a: 1, b: 1, c: { x: 2, y: 1 } }, own: { a: 1, b: 2, c: 3 } })
  t.equal(JSON.stringify(live), '{"user":{"a":1,"b":1,"c":{"x":2,"y":1}},"own":{"a":1,"b":2,"c":3}}')
  t.strictSame([live.user, live.user.c], [user, c])
  const changed = { user: { b: 1, mine: 1 }, other: { a: 1 } }
  shown(changed, { user: { b: 1 }, other: { a: 1, b: 1 } }, { user: { a: 1, b: 1 }, other: { b: 2, a: 1 } })
  t.equal(JSON.stringify(changed), '{"user":{"b":1,"mine":1,"a":1},"other":{"a":1}}', 'what the application has changed stays')
})

t.test('an object that takes no change is replaced', async t => {
  const live = { frozen: Object.freeze({ x: 1 }), deep: { frozen: Object.freeze({ x: 1 }) } }
  t.strictSame(shown(live, { frozen: { x: 1 }, deep: { frozen: { x: 1 } } }, { frozen: { x: 2 }, deep: { frozen: { x: 2 } } }), ['frozen'])
  t.strictSame(live, { frozen: { x: 2 }, deep: { frozen: { x: 2 } } })
})

t.test('no prototype is set', async t => {
  const live = { a: {} }
  shown(live, { a: {} }, JSON.parse('{"__proto__":{"x":1},"a":{"__proto__":{"x":1}}}'))
  const evil = JSON.parse('{"a":{"b":1,"__proto__":{"x":1}}}')
  shown(evil, { a: { b: 1 } }, JSON.parse('{"a":{"__proto__":{"x":1},"b":2}}'))
  t.equal(Object.getPrototypeOf(evil.a), Object.prototype)
  t.equal(Object.getPrototypeOf(live), Object.prototype)
  t.equal(Object.getPrototypeOf(live.a), Object.prototype)
})

t.test('objects that contain themselves come to an end', async t => {
  const loop = (value: number): Payload => {
    const object: Payload = { value }
    object['self'] = object
    return object
  }
  const live = { a: loop(1) }
  show(live, { a: loop(1) }, { a: loop(2) }, {
    isSame: (a, b) => a === b, isStoredAs: (a, b) => typeof a === 'object' || a === b, isAssigned: () => false, own: value => value, onShown: () => {}
  })
  t.equal(live.a['value'], 2)
})
