import fc from 'fast-check'
import t from 'tap'
import { HashMap } from '../../lib/tools/hash-map.ts'

// Multiples of 1,024 have the same place in a map of up to 1,024 entries.
const keys = {
  'numbers of the same place': (n: number) => n * 1_024,
  'numbers beyond 32 bits': (n: number) => n * 2 ** 31,
  'ids that end alike': (n: number) => `${n} abcdefgh`,
  'ids that begin alike': (n: number) => `an id with the number ${n}`,
  'short texts': (n: number) => `${n}`
}

for (const [name, keyOf] of Object.entries<(n: number) => string | number>(keys)) {
  t.test(`whatever is set, deleted and cleared under ${name}, it holds what a Map holds`, async () => {
    const key = fc.integer({ min: 0, max: 200 }).map(keyOf)
    const action = fc.oneof(
      { weight: 300, arbitrary: fc.record({ act: fc.constant('set'), key }) },
      { weight: 100, arbitrary: fc.record({ act: fc.constant('delete'), key }) },
      { weight: 1, arbitrary: fc.record({ act: fc.constant('clear'), key }) }
    )
    fc.assert(fc.property(fc.array(action, { maxLength: 600, size: 'max' }), actions => {
      const map = new HashMap<string | number, string>()
      const expected = new Map<string | number, string>()
      for (const [n, { act, key }] of actions.entries()) {
        for (const each of [map, expected]) {
          if (act === 'set') each.set(key, `value ${n}`)
          else if (act === 'delete') each.delete(key)
          else each.clear()
        }
        if (map.size !== expected.size || map.get(key) !== expected.get(key) || map.has(key) !== expected.has(key)) return false
      }
      return Array.from({ length: 201 }, (_, n) => keyOf(n)).every(each => map.get(each) === expected.get(each))
    }))
  })
}

t.test('it finds each of many keys', async t => {
  const map = new HashMap<string, number>()
  for (let n = 0; n < 10_000; n++) map.set(`key ${n}`, n)
  t.equal(map.size, 10_000)
  for (let n = 0; n < 10_000; n++) if (map.get(`key ${n}`) !== n) t.fail(`key ${n}`)
})
