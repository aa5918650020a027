import t from 'tap'
import { distance } from '../../lib/tools/distance.ts'

t.test('the distance is the number of characters to add, remove or replace', async t => {
  const known: Array<[string, string, number]> = [
    ['', '', 0], ['a', '', 1], ['', 'abc', 3], ['same', 'same', 0], ['kitten', 'sitting', 3], ['domian', 'domain', 2], ['secrets', 'secret', 1],
    ['flaw', 'lawn', 2], ['a', 'b', 1], ['saturday', 'sunday', 3]
  ]
  for (const [from, to, expected] of known) {
    t.equal(distance(from, to), expected, `${from} ${to}`)
    t.equal(distance(to, from), expected, `${to} ${from}`)
  }
})
