import assert from 'node:assert/strict'
import t from 'tap'
import { diff, isPlain, memberOf, type Payload } from '../../lib/payload/changes.ts'
import { type Conflict, mergeChanges } from '../../lib/payload/merge.ts'
import { isSameValue } from '../../lib/payload/tree.ts'
import { seededRandom } from '../helpers/seeded-random.ts'

const SEED = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e9))
const ROUNDS = 3_000
t.comment(`SEED=${SEED}`)
const random = seededRandom(SEED)

const isSame = (value: unknown, other: unknown) => isSameValue(value, other)

interface Merged { readonly data: Payload, readonly conflicts: Conflict[] }

/** @param assigned whether I assigned new objects, or changed objects in place; `replaced`: whether they did */
function merge (base: Payload, mine: Payload, theirs: Payload, { assigned = false, replaced = false } = {}): Merged {
  const conflicts: Conflict[] = []
  const data = mergeChanges(diff(base, mine, isSame, () => assigned), theirs, {
    isSame,
    isReplaced: () => replaced,
    resolve: conflict => { conflicts.push(conflict); return conflict.mine }
  })
  return { data, conflicts }
}

// ---------------------------------------------------------------------------------------------- by example

t.test('objects changed in place are joined, at any depth', async t => {
  const base = { user: { name: 'Ann', prefs: { theme: 'light', size: 1 } }, basket: { apples: 1, eggs: 6 } }
  const mine = { user: { name: 'Ann', prefs: { theme: 'dark', size: 1 } }, basket: { apples: 1, tea: 1 } }
  const theirs = { user: { name: 'Anna', prefs: { theme: 'light', size: 2 } }, basket: { apples: 2, eggs: 6, bread: 1 }, other: 1 }
  const { data, conflicts } = merge(base, mine, theirs)
  t.strictSame(data, {
    user: { name: 'Anna', prefs: { theme: 'dark', size: 2 } }, basket: { apples: 2, bread: 1, tea: 1 }, other: 1
  })
  t.strictSame(conflicts, [])
})

t.test('of a value that both changed, mine stays, and the conflict names its path', async t => {
  const cases: Array<[base: unknown, mine: unknown, theirs: unknown, path: string[], kept: unknown]> = [
    [1, 2, 3, ['k'], 2],
    [undefined, 2, 3, ['k'], 2],
    [1, undefined, 3, ['k'], undefined],
    [1, 2, undefined, ['k'], 2],
    [[1], [1, 2], [1, 3], ['k'], [1, 2]],
    [{ a: { b: 1, c: 1 } }, { a: { b: 2, c: 1 } }, { a: { b: 3, c: 1 } }, ['k', 'a', 'b'], { a: { b: 2, c: 1 } }],
    [{ a: { b: 1 } }, { a: { b: 2 } }, { a: 'gone' }, ['k', 'a'], { a: { b: 2 } }],
    [{ a: { b: 1 } }, { a: { b: 2 } }, undefined, ['k'], { a: { b: 2 } }],
    [{ a: { b: 1 } }, undefined, { a: { b: 2 } }, ['k'], undefined],
    [undefined, { a: 1 }, { b: 1 }, ['k'], { a: 1 }]
  ]
  for (const [base, mine, theirs, path, kept] of cases) {
    const { data, conflicts } = merge(of(base), of(mine), of(theirs))
    t.strictSame(data, of(kept))
    t.strictSame(conflicts.map(conflict => conflict.path), [path])
    const at = (payload: Payload) => path.reduce<unknown>((value, key) => (value as Payload)[key], payload)
    t.strictSame(conflicts[0], { path, base: at(of(base)), mine: at(of(mine)), theirs: at(of(theirs)) })
  }
})

t.test('what both changed alike is no conflict', async t => {
  for (const [base, both] of [[1, 2], [undefined, [1]], [{ a: 1 }, undefined], [{ a: { b: 1 } }, { a: { b: 2, c: [1] } }]]) {
    t.strictSame(merge(of(base), of(both), of(both)), { data: of(both), conflicts: [] })
  }
})

t.test('an assigned object is kept whole, whichever side assigned it', async t => {
  const [base, mine, theirs] = [{ k: { a: 1, b: 1 } }, { k: { a: 2, b: 1 } }, { k: { a: 1, b: 2 } }]
  for (const sides of [{ assigned: true }, { replaced: true }, { assigned: true, replaced: true }]) {
    const { data, conflicts } = merge(base, mine, theirs, sides)
    t.strictSame(data, mine)
    t.strictSame(conflicts.map(({ path }) => path), [['k']])
    t.strictSame(merge(base, mine, structuredClone(base), sides), { data: mine, conflicts: [] }, 'alone it is no conflict')
    t.strictSame(merge(base, structuredClone(base), theirs, sides), { data: theirs, conflicts: [] })
  }
})

t.test('what resolve() answers is kept, and undefined removes the key', async t => {
  const changes = diff({ a: { x: 1, y: 1 } }, { a: { x: 2, y: 2 } }, isSame)
  const resolve = ({ path }: Conflict) => path[1] === 'x' ? 'joined' : undefined
  t.strictSame(mergeChanges(changes, { a: { x: 3, y: 3 } }, { isSame, isReplaced: () => false, resolve }), { a: { x: 'joined' } })
})

t.test('what was not changed is shared with theirs, and no argument is changed', async t => {
  const [base, mine, theirs] = [{ a: { x: 1 }, big: { y: [1] } }, { a: { x: 2 }, big: { y: [1] } }, { a: { x: 1 }, big: { y: [1] } }]
  const before = structuredClone([base, mine, theirs])
  const { data } = merge(base, mine, theirs)
  t.equal(data['big'], theirs.big)
  t.strictSame([base, mine, theirs], before)
})

t.test('no prototype is set or polluted', async t => {
  const evil = JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":{"polluted":1}},"constructor":{"prototype":{"polluted":1}}}') as Payload
  for (const [base, mine, theirs] of [[{ a: {} }, evil, { a: {} }], [{}, evil, {}], [{ a: {} }, { a: { x: 1 } }, evil]] as const) {
    const { data } = merge(base, mine, theirs)
    for (const object of [data, data['a']]) t.equal(Object.getPrototypeOf(object), Object.prototype)
    t.equal(({} as Payload)['polluted'], undefined)
  }
})

// ---------------------------------------------------------------------------------------------- laws

/*
 * For all payloads:
 *
 * 1. Nothing of mine changed: the result is theirs. Nothing of theirs changed: the result is mine.
 * 2. Changes of different paths commute, and do not conflict.
 * 3. A value of the result that is no joined object is one of mine or of theirs; where both differ from base and from each other, it
 *    is mine and was a conflict.
 * 4. Merging once more with the same changes changes nothing.
 */

function checkLaws (base: Payload, mine: Payload, theirs: Payload): void {
  same(merge(base, structuredClone(base), theirs).data, theirs)
  same(merge(base, mine, structuredClone(base)).data, mine)
  const { data, conflicts } = merge(base, mine, theirs)
  checkValues(base, mine, theirs, data, [], new Set(conflicts.map(({ path }) => path.join('/'))))
  same(merge(base, mine, data).data, data)
  const other = merge(base, theirs, mine)
  assert.deepEqual(pathsOf(other.conflicts), pathsOf(conflicts), 'a conflict is one from both sides')
  if (conflicts.length === 0) same(other.data, data)
}

function checkValues (base: unknown, mine: unknown, theirs: unknown, merged: unknown, path: string[], conflicts: Set<string>): void {
  if ([base, mine, theirs].every(isPlain) && isPlain(merged)) {
    const keys = new Set([base, mine, theirs, merged].flatMap(value => Object.keys(value as Payload)))
    const at = (value: unknown, key: string) => memberOf(value as Payload, key)
    for (const key of keys) checkValues(at(base, key), at(mine, key), at(theirs, key), at(merged, key), [...path, key], conflicts)
    return
  }
  const expected = equal(mine, base) ? theirs : mine
  assert.ok(equal(merged, expected), `${path.join('/')} is ${JSON.stringify(merged)}`)
  const isConflict = !equal(mine, base) && !equal(theirs, base) && !equal(mine, theirs)
  assert.equal(conflicts.has(path.join('/')), isConflict, `conflict at ${path.join('/')}`)
}

t.test('the laws hold for all small payloads', async t => {
  const leaves = [undefined, 1, 2, [1]]
  const inner = leaves.flatMap(x => leaves.map(y => present({ x, y })))
  const values = [undefined, 1, [1], {}, ...inner.filter((_, index) => index % 3 === 0)]
  let checked = 0
  for (const base of values) {
    for (const mine of values) {
      for (const theirs of values) {
        checkLaws(of(base), of(mine), of(theirs))
        checked++
      }
    }
  }
  t.equal(checked, values.length ** 3)
})

t.test('the laws hold for random payloads', async t => {
  for (let round = 0; round < ROUNDS; round++) {
    const base = payload(3)
    checkLaws(base, changed(base), changed(base))
    checkLaws(payload(3), payload(3), payload(3))
  }
  t.pass()
})

t.test('where either side assigned objects, each key is as one of both has it, whole', async t => {
  for (let round = 0; round < ROUNDS; round++) {
    const base = payload(3)
    const [mine, theirs] = [changed(base), changed(base)]
    for (const sides of [{ assigned: true }, { replaced: true }, { assigned: true, replaced: true }]) {
      same(merge(base, structuredClone(base), theirs, sides).data, theirs)
      same(merge(base, mine, structuredClone(base), sides).data, mine)
      const { data } = merge(base, mine, theirs, sides)
      for (const key of new Set([base, mine, theirs, data].flatMap(value => Object.keys(value)))) {
        // A different order of keys inside of a value is a change, too.
        const expected = isSame(mine[key], base[key]) ? theirs[key] : mine[key]
        assert.ok(equal(data[key], expected), `${key} is ${JSON.stringify(data[key])}`)
      }
      same(merge(base, mine, data, sides).data, data)
    }
  }
  t.pass()
})

t.test('changes of different paths are all kept, whatever the order of many requests', async t => {
  for (let round = 0; round < 300; round++) {
    const base = payload(3)
    const requests = [0, 1, 2, 3].map(n => changed(base, (key, value) => key.endsWith(String(n)) && !isPlain(value)))
    const inOrder = (order: Payload[]) => order.reduce((theirs, mine) => merge(base, mine, theirs).data, base)
    same(inOrder(requests), inOrder([...requests].reverse()))
  }
  t.pass()
})

t.test('time is linear in the size: four times the keys take no ten times as long', async t => {
  const timeOf = (keys: number): number => {
    const base = { draft: Object.fromEntries(Array.from({ length: keys }, (_, n) => [`k${n}`, { n }])) }
    const [mine, theirs] = [structuredClone(base), structuredClone(base)] as Array<{ draft: Record<string, unknown> }>
    mine!.draft['mine'] = 1
    theirs!.draft['theirs'] = 1
    return Math.min(...Array.from({ length: 5 }, () => {
      const start = performance.now()
      merge(base, mine!, theirs!)
      return performance.now() - start
    }))
  }
  timeOf(5_000)
  const [small, large] = [timeOf(20_000), timeOf(80_000)]
  t.ok(large < 10 * small, `${small.toFixed(1)} ms and ${large.toFixed(1)} ms`)
})

// ---------------------------------------------------------------------------------------------- helpers

function of (value: unknown): Payload { return present({ k: value, untouched: { a: [1] } }) }

function present (data: Payload): Payload {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined))
}

function equal (value: unknown, other: unknown): boolean { return sorted(value) === sorted(other) }
function same (actual: unknown, expected: unknown): void { assert.equal(sorted(actual), sorted(expected)) }

/** The order of keys does not count. */
function sorted (value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => isPlain(item) ? Object.fromEntries(Object.entries(item).sort()) : item)
}

function pathsOf (conflicts: Conflict[]): string[] { return conflicts.map(({ path }) => path.join('/')).sort() }

function below (most: number): number { return Math.floor(random() * most) }

function payload (depth: number): Payload {
  return Object.fromEntries(Array.from({ length: below(4) }, () => [key(), value(depth - 1)]))
}

function key (): string { return `${'abc'[below(3)]}${below(4)}` }

function value (depth: number): unknown {
  const kind = below(depth > 0 ? 6 : 3)
  return kind === 0 ? below(3) : kind === 1 ? [below(2)] : kind === 2 ? null : payload(depth)
}

/** A copy of which some members that `may` change are changed, removed or added, at any depth. */
function changed (data: Payload, may: (key: string, value?: unknown) => boolean = () => true): Payload {
  const copy: Payload = {}
  for (const [name, member] of Object.entries(data)) {
    const isChanged = may(name, member) && below(4) === 0
    if (isChanged && below(2) === 0) continue
    copy[name] = isChanged ? value(2) : isPlain(member) ? changed(member, may) : member
  }
  const added = key()
  // A key that comes back would only change the order of keys: a change inside of a value, but none of a value.
  if (may(added) && !Object.hasOwn(data, added) && below(3) === 0) copy[added] = value(1)
  return copy
}
