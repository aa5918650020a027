import fc from 'fast-check'
import t from 'tap'
import { BoundedMap } from '../../lib/tools/bounded-map.ts'

t.test('when it is full, the entry that was set longest ago goes', async t => {
  const map = new BoundedMap<string, number>(2)
  for (const [key, value] of [['a', 1], ['b', 2], ['c', 3], ['b', 4], ['d', 5]] as const) map.set(key, value)
  t.strictSame([...map.values()], [4, 5])
  t.equal(map.oldest, 4)
})

t.test('whatever is set, deleted and cleared: it holds the newest, and knows the oldest', async () => {
  const key = fc.integer({ min: 0, max: 9 })
  const action = fc.oneof(
    { weight: 20, arbitrary: fc.record({ act: fc.constant('set'), key }) },
    { weight: 5, arbitrary: fc.record({ act: fc.constant('delete'), key }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('clear'), key }) }
  )
  fc.assert(fc.property(fc.integer({ min: 1, max: 6 }), fc.array(action, { maxLength: 200, size: 'max' }), (most, actions) => {
    const map = new BoundedMap<number, string>(most)
    let expected: Array<[number, string]> = []
    for (const [n, { act, key }] of actions.entries()) {
      const others = expected.filter(([other]) => other !== key)
      if (act === 'set') {
        expected = [...others, [key, `${key}, ${n}`] as [number, string]].slice(-most)
        map.set(key, `${key}, ${n}`)
      } else if (act === 'delete') {
        expected = others
        map.delete(key)
      } else {
        expected = []
        map.clear()
      }
      const all = new Map(expected)
      if (map.oldest !== expected[0]?.[1] || map.size !== all.size || map.get(key) !== all.get(key)) return false
      if ([...map.values()].some(value => ![...all.values()].includes(value))) return false
    }
    return true
  }))
})
