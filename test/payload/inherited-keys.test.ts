import t from 'tap'
import { assignedObjects } from '../../lib/lifecycle/live.ts'
import { fill } from '../../lib/payload/bag.ts'
import { assertNoneHidden } from '../../lib/payload/reserved.ts'
import { copyPlain } from '../../lib/payload/tree.ts'

// Some libraries, and some attacks, put enumerable properties on Object.prototype: `for…in` sees them in every object.

/** The answer of a function that is called while every object inherits these. */
function polluted<T> (call: () => T): T {
  const inherited = { destroy: { isLeaked: true }, shared: { isLeaked: true } }
  Object.assign(Object.prototype, inherited)
  try {
    return call()
  } finally {
    for (const key of Object.keys(inherited)) delete (Object.prototype as Record<string, unknown>)[key]
  }
}

t.test('what every object inherits is no part of a snapshot', async t => {
  const copy = polluted(() => copyPlain({ a: { b: [{ c: 1 }] } }))
  t.strictSame([copy, Object.keys(copy!), Object.keys(copy!['a'] as object)], [{ a: { b: [{ c: 1 }] } }, ['a'], ['b']])
})

t.test('it is no data of a bag', async t => {
  const bag: Record<string, unknown> = {}
  polluted(() => { fill(bag, { a: 1 }) })
  t.strictSame(Object.keys(bag), ['a'])
})

t.test('it hides no member', async t => {
  t.doesNotThrow(() => { polluted(() => { assertNoneHidden({ a: 1 }) }) })
  t.throws(() => { assertNoneHidden({ destroy: 1 }) }, { code: 'SES_RESERVED_KEY' })
})

t.test('it was assigned by nobody', async t => {
  const value = {}
  t.strictSame([...polluted(() => assignedObjects({ a: value, b: 1, c: null }, {}))], [['a', value]])
})
