import t from 'tap'
import { TextCache } from '../../lib/backends/text-cache.ts'

const textOf = (n: number) => `${String(n).padStart(40, '0')} and more`

t.test('what was set is found by the whole text only', async t => {
  const cache = new TextCache<string>()
  cache.set(textOf(1), 'one')
  t.equal(cache.get(textOf(1)), 'one')
  t.equal(cache.get(textOf(1) + '!'), undefined)
  t.equal(cache.get(textOf(2)), undefined)
})

t.test('it keeps five hundred, and the oldest goes first', async t => {
  const cache = new TextCache<number>()
  for (let n = 0; n < 501; n++) cache.set(textOf(n), n)
  t.equal(cache.get(textOf(0)), undefined)
  t.equal(cache.get(textOf(1)), 1)
  t.equal(cache.get(textOf(500)), 500)
})
