import t from 'tap'
import { TextCache } from '../../lib/tools/text-cache.ts'

const textOf = (n: number) => `text ${n}`

/** Has a text come twice. */
function keep<Key, T> (cache: TextCache<Key, T>, key: Key, text: string, mark: number, value: T): void {
  cache.set(key, text, mark, value)
  cache.set(key, text, mark, value)
}

t.test('what came twice is found by the whole text only', async t => {
  const cache = new TextCache<string, string>()
  keep(cache, 'key', 'text', 7, 'one')
  t.equal(cache.get('key', 'text'), 'one')
  t.equal(cache.get('key', 'texts'), undefined)
  t.equal(cache.get('other key', 'text'), undefined)
})

t.test('what came once is not kept', async t => {
  const cache = new TextCache<string, string>()
  cache.set('key', 'text', 7, 'one')
  t.equal(cache.get('key', 'text'), undefined)
  cache.set('other', 'other text', 7 + 2_048, 'of the same place')
  cache.set('key', 'text', 7, 'one')
  t.equal(cache.get('key', 'text'), undefined, 'another one came in between')
  cache.set('key', 'text', 7, 'one')
  t.equal(cache.get('key', 'text'), 'one')
})

t.test('it keeps five hundred, and the oldest goes first', async t => {
  const cache = new TextCache<string, number>()
  for (let n = 0; n < 501; n++) keep(cache, String(n), textOf(n), n + 1, n)
  t.equal(cache.get('0', textOf(0)), undefined)
  t.equal(cache.get('1', textOf(1)), 1)
  t.equal(cache.get('500', textOf(500)), 500)
})

t.test('it keeps no text of more than 16,384 characters', async t => {
  const cache = new TextCache<string, number>()
  const [longest, longer] = ['x'.repeat(16_384), 'x'.repeat(16_385)]
  keep(cache, 'a', longest, 1, 1)
  keep(cache, 'b', longer, 2, 2)
  t.equal(cache.get('a', longest), 1)
  t.equal(cache.get('b', longer), undefined)
})
