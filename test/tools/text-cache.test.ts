import t from 'tap'
import { TextCache } from '../../lib/tools/text-cache.ts'

const textOf = (n: number) => `text ${n}`

/** Has a text come twice. */
function keep<Key extends number | string, T> (cache: TextCache<Key, T>, key: Key, text: string, value: T): void {
  cache.set(key, text, value)
  cache.set(key, text, value)
}

t.test('what came twice is found by the whole text only', async t => {
  const cache = new TextCache<string, string>()
  keep(cache, 'key', 'text', 'one')
  t.equal(cache.get('key', 'text'), 'one')
  t.equal(cache.get('key', 'texts'), undefined)
  t.equal(cache.get('other key', 'text'), undefined)
})

t.test('what came once is not kept', async t => {
  const cache = new TextCache<number, string>()
  cache.set(7, 'text', 'one')
  t.equal(cache.get(7, 'text'), undefined)
  cache.set(7 + 2_048, 'other text', 'of the same place')
  cache.set(7, 'text', 'one')
  t.equal(cache.get(7, 'text'), undefined, 'another one came in between')
  cache.set(7, 'text', 'one')
  t.equal(cache.get(7, 'text'), 'one')
})

t.test('keys that differ in one of their last characters do not count as the same', async t => {
  const cache = new TextCache<string, string>()
  const keys = ['abcdef', 'Abcdef', 'aBcdef', 'abCdef', 'abcDef', 'abcdEf', 'abcdeF']
  for (const key of keys) cache.set(key, 'text', 'one')
  for (const key of keys) t.equal(cache.get(key, 'text'), undefined, key)
  for (const key of keys) cache.set(key, 'text', 'one')
  for (const key of keys) t.equal(cache.get(key, 'text'), 'one', key)
})

t.test('it keeps five hundred, and the oldest goes first', async t => {
  const cache = new TextCache<string, number>()
  for (let n = 0; n < 501; n++) keep(cache, String(n), textOf(n), n)
  t.equal(cache.get('0', textOf(0)), undefined)
  t.equal(cache.get('1', textOf(1)), 1)
  t.equal(cache.get('500', textOf(500)), 500)
})

t.test('it keeps no text of more than 16,384 characters', async t => {
  const cache = new TextCache<string, number>()
  const [longest, longer] = ['x'.repeat(16_384), 'x'.repeat(16_385)]
  keep(cache, 'a', longest, 1)
  keep(cache, 'b', longer, 2)
  t.equal(cache.get('a', longest), 1)
  t.equal(cache.get('b', longer), undefined)
})
