import t from 'tap'
import { TextCache } from '../../lib/tools/text-cache.ts'

const textOf = (n: number) => `text ${n}`

/** Has a text come twice. */
function keep<T> (cache: TextCache<T>, key: string, text: string, value: T): void {
  cache.set(key, text, value)
  cache.set(key, text, value)
}

t.test('what came twice is found by the whole text only', async t => {
  const cache = new TextCache<string>()
  keep(cache, 'key', 'text', 'one')
  t.equal(cache.get('key', 'text'), 'one')
  t.equal(cache.get('key', 'texts'), undefined)
  t.equal(cache.get('other key', 'text'), undefined)
})

t.test('what came once is not kept', async t => {
  const cache = new TextCache<string>()
  t.equal(cache.set('key', 'text', 'one'), null)
  t.equal(cache.get('key', 'text'), undefined)
  t.match(cache.set('key', 'text', 'one'), { text: 'text', value: 'one' })
  t.equal(cache.get('key', 'text'), 'one')
})

t.test('a key whose place went to another key has come once only', async t => {
  const cache = new TextCache<string>()
  // The hash of a single character is 131 and its code.
  const [key, samePlace] = ['a', String.fromCharCode('a'.charCodeAt(0) + 32_768)] as const
  for (const each of [key, samePlace, key]) t.equal(cache.set(each, 'text', each), null)
  t.match(cache.set(key, 'text', key), { value: key })
})

t.test('a later text takes the place of an earlier text of its key', async t => {
  const dropped: string[] = []
  const cache = new TextCache<number>(undefined, text => { dropped.push(text) })
  keep(cache, 'key', 'before', 1)
  const { bytes } = cache
  cache.set('key', 'behind', 2)
  t.equal(cache.get('key', 'before'), undefined)
  t.equal(cache.get('key', 'behind'), 2)
  t.equal(cache.bytes, bytes)
  t.strictSame(dropped, ['before'])
})

t.test('keys that differ in one of their last characters do not count as the same', async t => {
  const cache = new TextCache<string>()
  const keys = ['abcdef', 'Abcdef', 'aBcdef', 'abCdef', 'abcDef', 'abcdEf', 'abcdeF']
  for (const key of keys) cache.set(key, 'text', 'one')
  for (const key of keys) t.equal(cache.get(key, 'text'), undefined, key)
  for (const key of keys) cache.set(key, 'text', 'one')
  for (const key of keys) t.equal(cache.get(key, 'text'), 'one', key)
})

t.test('it keeps no more bytes than it may, and the oldest goes first', async t => {
  const dropped: string[] = []
  const cache = new TextCache<number>(10_000, text => { dropped.push(text) })
  for (let n = 0; n < 100; n++) {
    keep(cache, String(n), textOf(n), n)
    t.ok(cache.bytes <= 10_000)
  }
  const kept = 100 - dropped.length
  t.ok(kept > 10, `${kept} are kept`)
  t.strictSame(dropped, Array.from(dropped, (_, n) => textOf(n)))
  t.equal(cache.get(String(dropped.length), textOf(dropped.length)), dropped.length)
  t.equal(cache.get('99', textOf(99)), 99)
})

t.test('it keeps nothing where it may not, and no text that alone is too large', async t => {
  const none = new TextCache<number>(0)
  keep(none, 'a', 'text', 1)
  t.equal(none.get('a', 'text'), undefined)
  const small = new TextCache<number>(1_000)
  keep(small, 'a', 'text', 1)
  keep(small, 'b', 'x'.repeat(900), 2)
  t.equal(small.get('a', 'text'), 1)
  t.equal(small.get('b', 'x'.repeat(900)), undefined)
})

t.test('it keeps no text of more than 16,384 characters', async t => {
  const cache = new TextCache<number>()
  const [longest, longer] = ['x'.repeat(16_384), 'x'.repeat(16_385)]
  keep(cache, 'a', longest, 1)
  keep(cache, 'b', longer, 2)
  t.equal(cache.get('a', longest), 1)
  t.equal(cache.get('b', longer), undefined)
})
