import t from 'tap'
import { clearingLines, HeaderCookies } from '../../lib/http/foreign-cookies.ts'

t.test('the cookies of a header are there by name, raw, in their order, and at most four of a name', async t => {
  const cookies = new HeaderCookies('a=1; b=%20x ;a=2;a=3; a=4; a=5;flag; =nameless; c="quoted"; d="; e=""; f=x=y; g="x; h=x"')
  t.strictSame(cookies.names, ['a', 'b', '', 'c', 'd', 'e', 'f', 'g', 'h'])
  t.strictSame(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(name => cookies.valuesOf(name)), [['1', '2', '3', '4'], ['%20x'], ['quoted'], ['"'], [''], ['x=y'], ['"x'], ['x"']])
  t.strictSame(cookies.valuesOf('z'), [])
  t.strictSame(new HeaderCookies(undefined).names, [])
})

t.test('a header of 100 kB is read in one pass', async t => {
  const cookies = new HeaderCookies('a=1;'.repeat(25_000))
  t.strictSame([cookies.names, cookies.valuesOf('a').length], [['a'], 4])
})

t.test('the lines that clear cookies name those that the request has', async t => {
  const reader = { name: 'x', cookieName: 'old', read: () => null }
  t.strictSame(clearingLines(reader, new HeaderCookies('other=1')), [])
  t.strictSame(clearingLines(reader, new HeaderCookies('old=1; other=1')), ['old=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/'])
  const elsewhere = { ...reader, cookieName: '__Host-old', cookie: { path: '/app' } }
  t.match(clearingLines(elsewhere, new HeaderCookies('__Host-old=1'))[0], /Path=\/app; Secure$/)
  t.notMatch(clearingLines({ ...reader, cookieName: 'my__Host-old' }, new HeaderCookies('my__Host-old=1'))[0], /Secure/)
})
