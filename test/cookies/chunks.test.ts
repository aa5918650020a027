import fc from 'fast-check'
import t from 'tap'
import { headerBytes, join, MAX_COOKIE_BYTES, partName, split } from '../../lib/http/chunks.ts'
import { isCookieText } from '../../lib/record/cookie-text.ts'
import { carriedCookies } from '../../lib/http/cookie-header.ts'

const NAME = '__Host-session'
const TAIL = '; Path=/; HttpOnly; Secure; SameSite=Lax'.length
const LIMIT = 12_288

const lengths = fc.integer({ min: 1, max: 11_000 })
const textOf = (length: number, salt = 'a') => salt + 'x'.repeat(length - 1)
const pairs = (values: readonly string[]) => values.map((value, index) => `${partName(NAME, index)}=${value}`)
const read = (header: string) => carriedCookies(header, NAME, LIMIT)

t.test('what was split is joined again, in whatever order the cookies come', async t => {
  fc.assert(fc.property(lengths, fc.array(fc.constantFrom('a=1', `x${NAME}=2`, `${NAME}x=3`, `${NAME}.1.2=4`)), fc.nat(), (length, others, seed) => {
    const text = textOf(length)
    const shuffled = [...pairs(split(NAME, text, TAIL)!), ...others].sort((a, b) => ((a.length * 31 + seed) % 7) - ((b.length * 31 + seed) % 7))
    t.strictSame(read(shuffled.join('; ')).texts, [text])
  }))
  t.pass()
})

t.test('cookies whose names only begin alike are no parts, beside those that are', async t => {
  const parts = pairs(split(NAME, textOf(9_000), TAIL)!)
  const { indexes, problem } = read([`${NAME}x=1`, `${NAME}.0=2`, ...parts, `${NAME}.1.2=3`, `${NAME}.x=4`].join('; '))
  t.strictSame([indexes, problem], [[0, 1, 2], null])
})

t.test('where values may be escaped they are never split, and need not be text of ours', async t => {
  const escaped = (header: string) => carriedCookies(header, NAME, LIMIT, true)
  t.strictSame(escaped(`${NAME}=s%3Aid.signature`).texts, ['s%3Aid.signature'])
  t.strictSame(escaped(`${NAME}=s%3Aid.signature; ${NAME}=s%3Aother`).texts, ['s%3Aid.signature', 's%3Aother'])
  t.strictSame(read(`${NAME}=s%3Aid.signature; ${NAME}=s%3Aother`).texts, [])
})

t.test('each cookie fits 4,096 bytes with its attributes', async t => {
  fc.assert(fc.property(lengths, fc.integer({ min: 0, max: 2_000 }), (length, tail) => {
    for (const [index, value] of (split(NAME, textOf(length), tail) ?? []).entries()) {
      if (partName(NAME, index).length + 1 + value.length + tail > MAX_COOKIE_BYTES) return false
    }
    return true
  }))
  t.pass()
})

t.test('the parts of two writes are never joined', async t => {
  fc.assert(fc.property(fc.integer({ min: 4_100, max: 11_000 }), fc.integer({ min: 4_100, max: 11_000 }), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (one, other, picks) => {
    const [first, second] = [textOf(one, 'a'), textOf(other, 'b')]
    const [a, b] = [pairs(split(NAME, first, TAIL)!), pairs(split(NAME, second, TAIL)!)]
    const mixed = Array.from({ length: Math.max(a.length, b.length) }, (_, index) => picks[index] ? a[index] ?? b[index] : b[index] ?? a[index])
    return read(mixed.join('; ')).texts.every(text => text === first || text === second)
  }))
  t.pass()
})

t.test('leftovers of an older, longer write are passed over', async t => {
  const [long, short] = [split(NAME, textOf(11_000), TAIL)!, split(NAME, textOf(5_000, 'b'), TAIL)!]
  t.equal(long.length, 3)
  t.strictSame(read([...pairs(short), pairs(long)[2]].join('; ')).texts, [textOf(5_000, 'b')])
  t.strictSame(read([`${NAME}=whole`, ...pairs(long).slice(1)].join('; ')).texts, ['whole'])
})

t.test('a missing part is incomplete, and no session', async t => {
  const [first, ...rest] = pairs(split(NAME, textOf(9_000), TAIL)!)
  t.match(read(first!), { texts: [], problem: 'incomplete', indexes: [0] })
  t.match(read(rest.join('; ')), { texts: [], problem: 'incomplete', indexes: [1, 2] })
  for (const header of [`${first!}; ${NAME}=other`, `${NAME}=other; ${first!}`]) {
    t.match(read(header), { texts: ['other'], problem: 'incomplete' }, 'beside another one it may be the reason too')
  }
})

t.test('of a part that comes twice the one of its generation counts', async t => {
  const text = textOf(9_000)
  const parts = pairs(split(NAME, text, TAIL)!)
  const other = pairs(split(NAME, textOf(9_000, 'b'), TAIL)!)
  t.strictSame(read([other[1], ...parts, other[2]].join('; ')).texts, [text])
})

t.test('up to four cookies of one name are tried', async t => {
  const header = ['a', 'b', 'c', 'd', 'e'].map(value => `${NAME}=${value}`).join('; ')
  t.strictSame(read(header), { texts: ['a', 'b', 'c', 'd'], indexes: [0], problem: null })
})

t.test('values that cannot be ours hide none that can', async t => {
  for (const [maxBytes, ours] of [[LIMIT, 'x'.repeat(4_000)], [43, 'a'.repeat(43)]] as const) {
    for (const planted of ['x'.repeat(maxBytes + 1), 'x'.repeat(20_000), '', '"x"', 'a\\b', 'é'.repeat(100)]) {
      const header = [...Array(9).fill(planted), ours, planted].map(value => `${NAME}=${value}`).join('; ')
      t.match(carriedCookies(header, NAME, maxBytes), { texts: [ours], indexes: [0] }, `${planted.length} characters`)
    }
  }
  t.match(read(`${NAME}=${'x'.repeat(LIMIT + 1)}`), { texts: [], problem: 'oversized', indexes: [0] })
  t.match(read(`${NAME}=fine; ${NAME}=${'x'.repeat(LIMIT + 1)}`), { texts: ['fine'], problem: 'oversized' })
})

t.test('parts that are longer together than any session are no session', async t => {
  const parts = pairs(split(NAME, textOf(11_000), TAIL)!).join('; ')
  t.match(carriedCookies(parts, NAME, 10_999), { texts: [], problem: 'oversized', indexes: [0, 1, 2] })
  t.match(carriedCookies(parts, NAME, 11_000), { texts: [textOf(11_000)], problem: null })
})

t.test('of each part four values are kept, and a text of which a part is missing is a try', async t => {
  const text = textOf(5_000)
  const [first, second] = pairs(split(NAME, text, TAIL)!) as [string, string]
  const missing = (count: number) => Array.from({ length: count }, (_, n) => `${NAME}=2.AAAAA${n}.x`)
  const others = (count: number) => Array.from({ length: count }, (_, n) => `${NAME}.1=2.BBBBB${n}.x`)
  t.match(read([...missing(3), ...others(3), first, second].join('; ')), { texts: [text], problem: 'incomplete' })
  t.match(read([...missing(4), first, second].join('; ')), { texts: [], problem: 'incomplete' })
  t.match(read([first, ...others(4), second].join('; ')), { texts: [], problem: 'incomplete' })
})

t.test('looking through a header takes work in proportion to its length, whatever is repeated in it', async t => {
  for (const [what, pair] of [
    ['parts of many writes', (n: number) => n % 2 ? `${NAME}=2.${String(n).padStart(6, '0')}.` : `${NAME}.1=2.${String(n).padStart(6, 'B')}.`],
    ['short values', () => `${NAME}=x`], ['long names', () => `${NAME}${NAME}`], ['blanks', () => `${' '.repeat(30)}${NAME}=`], ['no semicolons', () => NAME]
  ] as const) {
    const headerOf = (bytes: number) => {
      const pairs: string[] = []
      for (let n = 0, length = 0; length < bytes; length += pairs[n]!.length + 2, n++) pairs.push(pair(n))
      return pairs.join(what === 'no semicolons' ? '' : '; ')
    }
    const [short, long] = [headerOf(50_000), headerOf(800_000)]
    const timeOf = (header: string) => Math.min(...Array.from({ length: 9 }, () => {
      const start = process.hrtime.bigint()
      read(header)
      return Number(process.hrtime.bigint() - start)
    }))
    const times = timeOf(long) / timeOf(short)
    t.ok(times < 100, `${what}: 16 times the length takes ${times.toFixed(1)} times as long, and would take 256 times if it were quadratic`)
  }
})

t.test('parts have the numbers 1 to 9', async t => {
  t.strictSame(read(Array.from('123456789', digit => `${NAME}.${digit}=x`).join('; ')).indexes, [1, 2, 3, 4, 5, 6, 7, 8, 9])
  for (const suffix of ['.0', '.:', './', '.a', '.10', '.', '.1.1']) t.strictSame(read(`${NAME}${suffix}=x`), { texts: [], indexes: [], problem: null }, suffix)
})

t.test('names are told apart, and values are taken as they are', async t => {
  t.equal(read('').indexes.length, 0)
  t.equal(carriedCookies(undefined, NAME, LIMIT).indexes.length, 0)
  for (const header of [`${NAME}`, `${NAME}2=x`, `x${NAME}=x`, `${NAME}.x=1`, `${NAME}.0=1`, `${NAME}.10=1`, `a=${NAME}=x`]) t.equal(read(header).indexes.length, 0, header)
  t.strictSame(read(`a=1;${NAME}=q+2F! ;b=2`).texts, ['q+2F!'])
  t.strictSame(read(`  ${NAME}=x`).texts, ['x'])
})

t.test('a value that no cookie of ours has is no text to try, and the cookie came along all the same', async t => {
  for (const value of ['"q%2F"', '', 'a\\b', 'a,b']) t.strictSame(read(`a=1;${NAME}=${value} ;b=2`), { texts: [], indexes: [0], problem: null }, value)
})

t.test('text that no number of cookies can hold is not split', async t => {
  t.equal(split(NAME, textOf(40_000), TAIL), null)
  t.equal(split(NAME, textOf(5_000), 4_080), null)
})

/** The longest text in this number of cookies: nine bytes of each cookie tell the parts apart. */
const mostIn = (count: number, tail: number) => Array.from({ length: count }, (_, index) => 4_096 - `${partName(NAME, index)}=`.length - (count > 1 ? 9 : 0) - tail)
  .reduce((sum, room) => sum + room)

for (const [count, tail] of [[1, TAIL], [2, TAIL], [3, TAIL], [9, 2_000]] as const) {
  t.test(`${count} cookies of 4,096 bytes are filled to the last one before there is another`, async t => {
    const parts = split(NAME, textOf(mostIn(count, tail)), tail)!
    t.strictSame(pairs(parts).map(pair => pair.length + tail), Array(count).fill(4_096))
    const more = split(NAME, textOf(mostIn(count, tail) + 1), tail)
    t.equal(more?.length ?? null, count === 9 ? null : count + 1, 'nine are the most')
  })
}

t.test('only plain cookie text that is no part of another is a value', async t => {
  for (const text of ['abc', 'a.b.c', 'Fe26.2**x*y', '2.short.x']) t.equal(isCookieText(text), true, text)
  for (const text of ['', 'a b', 'a;b', 'a,b', 'a"b', 'a\\b', 'é', '\n', '2.abcdef.rest']) t.equal(isCookieText(text), false, JSON.stringify(text))
})

t.test('the bytes of a Cookie header are counted with names and separators', async t => {
  t.equal(headerBytes('s', ['abc']), 's=abc'.length)
  t.equal(headerBytes('s', ['abc', 'de']), 's=abc; s.1=de'.length)
  t.strictSame(join([]), { texts: [], isIncomplete: false })
})
