import t from 'tap'
import { TextCache } from '../lib/text-cache.ts'

const textOf = (n: number) => `text ${n}`

t.test('what was set is found by the whole text only', async t => {
  const cache = new TextCache<string>()
  cache.set('key', 'text', 'one')
  t.equal(cache.get('key', 'text'), 'one')
  t.equal(cache.get('key', 'texts'), undefined)
  t.equal(cache.get('other key', 'text'), undefined)
})

t.test('it keeps five hundred, and the oldest goes first', async t => {
  const cache = new TextCache<number>()
  for (let n = 0; n < 501; n++) cache.set(String(n), textOf(n), n)
  t.equal(cache.get('0', textOf(0)), undefined)
  t.equal(cache.get('1', textOf(1)), 1)
  t.equal(cache.get('500', textOf(500)), 500)
})

t.test('it keeps no text of more than 16,384 characters', async t => {
  const cache = new TextCache<number>()
  const [longest, longer] = ['x'.repeat(16_384), 'x'.repeat(16_385)]
  cache.set('a', longest, 1)
  cache.set('b', longer, 2)
  t.equal(cache.get('a', longest), 1)
  t.equal(cache.get('b', longer), undefined)
})
