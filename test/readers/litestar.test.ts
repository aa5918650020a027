import { createCipheriv, randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { fromLitestar } from '../../lib/migrate.ts'
import { readAt, sessionIn } from '../helpers/foreign.ts'
import { fixture, MADE_AT, python } from '../helpers/python-sessions.ts'
import { DAY_MS, MINUTE_MS } from '../helpers/times.ts'

const [vector, large] = fixture.legacy.litestar
const SECRET = Buffer.from(vector.secret_hex, 'hex')
const EXPIRES_AT = vector.expires_at * 1_000
const NOW = EXPIRES_AT - DAY_MS
const ID = 'ab'.repeat(32)
const { litestarFiles } = fixture

/** What Litestar seals, in parts of 4,032 characters. */
function sealed (text: string, aad = `{"expires_at":${vector.expires_at}}`, key = SECRET): string[] {
  const nonce = randomBytes(12)
  const cipher = createCipheriv(`aes-${key.length * 8 as 128}-gcm`, key, nonce)
  cipher.setAAD(Buffer.from(aad))
  const bytes = [nonce, cipher.update(text), cipher.final(), cipher.getAuthTag(), Buffer.from(`additional_authenticated_data=${aad}`)]
  return Buffer.concat(bytes).toString('base64').match(/.{1,4032}/g)!
}

const header = (cookies: object): string => Object.entries(cookies).map(([name, value]) => `${name}=${value}`).join('; ')
const inParts = (parts: readonly string[]): string => parts.map((part, n) => `session-${n}="${part}"`).join('; ')

t.test('a session that Litestar or Starlite 1 sealed is read, with its deadline', async t => {
  const reader = fromLitestar({ secret: SECRET })
  for (const cookies of [vector.cookies, vector.starlite1_cookies]) {
    const found = sessionIn(await readAt(NOW, reader, header(cookies)))
    t.strictSame(found, { data: vector.session, expiresAt: EXPIRES_AT, secret: vector.cookies.session })
    t.strictSame(sessionIn(await readAt(NOW, reader, header(cookies).replace(/=(.*)/, '="$1"'))).secret, found.secret, 'with the quotes of Python')
  }
  t.strictSame(await readAt(EXPIRES_AT, reader, header(vector.cookies)), { rejected: 'expired' })
  t.strictSame(await readAt(NOW, fromLitestar({ secret: randomBytes(16) }), header(vector.cookies)), { rejected: 'forged' })
  t.equal(await readAt(NOW, reader, 'session=null; other=1'), null)
})

t.test('a session in parts is read by their numbers, in whichever order they come', async t => {
  const reader = fromLitestar({ secret: SECRET })
  t.strictSame(sessionIn(await readAt(NOW, reader, header(large.cookies))).data, { k: 'x'.repeat(5_000) })
  const data = { text: randomBytes(22_000).toString('base64') }
  const parts = sealed(JSON.stringify(data))
  t.ok(parts.length >= 10, 'so that 10 comes after 9 and not after 1')
  const pairs = inParts(parts).split('; ')
  for (const order of [pairs, [...pairs].reverse(), [...pairs].sort()]) t.strictSame(sessionIn(await readAt(NOW, reader, order.join('; '))).data, data)
  t.strictSame(reader.ownNames!(['session-1', 'x', 'session', 'session-10', 'session-x', 'sessions']), ['session', 'session-1', 'session-10'])
  t.match(await readAt(NOW, reader, `${header(vector.cookies)}; ${inParts(parts)}`), { data: vector.session }, 'the whole one first')
  t.match(await readAt(NOW, reader, `session=stale; ${inParts(parts)}`), { data })
  t.strictSame(await readAt(NOW, reader, pairs.slice(1).join('; ')), { rejected: 'malformed' }, 'the first is missing')
  t.strictSame(await readAt(NOW, reader, pairs.filter((_, n) => n !== 4).join('; ')), { rejected: 'malformed' })
  t.match(await readAt(NOW, reader, pairs.slice(0, -1).join('; ')), { rejected: String }, 'the last is missing')
  t.strictSame(await readAt(NOW, reader, inParts(Array(21).fill('AAAA'))), { rejected: 'malformed' }, 'more than a header holds')
})

t.test('keys have 16, 24 or 32 bytes', async t => {
  for (const bytes of [16, 24, 32]) {
    const secret = randomBytes(bytes)
    t.match(await readAt(NOW, fromLitestar({ secret }), `session=${sealed('{"a":1}', undefined, secret)}`), { data: { a: 1 } })
  }
  const text = 'a secret of 16 b'
  t.match(await readAt(NOW, fromLitestar({ secret: text }), `session=${sealed('{"a":1}', undefined, Buffer.from(text))}`), { data: { a: 1 } })
})

t.test('what is cut, spelt differently, sealed for a different deadline, or sealed and no session, is none', async t => {
  const reader = fromLitestar({ secret: SECRET })
  const readText = async (text: string): Promise<unknown> => await readAt(NOW, reader, `session=${text}`)
  const [text] = sealed('{"a":1}') as [string]
  t.match(await readText(text), { data: { a: 1 } })
  t.strictSame(await readText(text.slice(0, -4)), { rejected: 'forged' })
  t.strictSame(await readText(text.slice(0, 40)), { rejected: 'malformed' })
  t.strictSame(await readText(`${text}!`), { rejected: 'malformed' })
  t.strictSame(await readText(Buffer.from('shortadditional_authenticated_data={}').toString('base64')), { rejected: 'forged' })
  const later = Buffer.from(text, 'base64').toString('latin1').replace(`${vector.expires_at}`, '9999999999')
  t.strictSame(await readText(Buffer.from(later, 'latin1').toString('base64')), { rejected: 'forged' })
  for (const [body, aad] of [['[1]', undefined], ['{"__proto__":{}}', undefined], ['{"a":1}', '{}'], ['{"a":1}', 'x'], ['{"a":1}', '{"expires_at":"9"}']]) {
    t.strictSame(await readText(sealed(body!, aad)[0]!), { rejected: 'corrupt' })
  }
  const [nested] = sealed('{"a":"additional_authenticated_data={}"}')
  t.match(await readText(nested!), { data: { a: 'additional_authenticated_data={}' } })
})

t.test('what the package cryptography seals in this very run is read', async t => {
  const made = python(['cryptography.hazmat.primitives.ciphers.aead'], `
import json, os, base64
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
out = []
for n in range(12):
  key = os.urandom((16, 24, 32)[n % 3]); nonce = os.urandom(12)
  aad = json.dumps({'expires_at': ${vector.expires_at}}, separators=(',', ':')).encode()
  body = json.dumps({'n': n, 'text': 'x' * n * 1000}, separators=(',', ':')).encode()
  encoded = base64.b64encode(nonce + AESGCM(key).encrypt(nonce, body, aad) + b'additional_authenticated_data=' + aad).decode()
  out.append([key.hex(), [encoded[i:i + 4032] for i in range(0, len(encoded), 4032)], n])
print(json.dumps(out))`)
  if ('missing' in made) {
    t.comment(`compared with the fixture only: ${made.missing}`)
    return
  }
  for (const [hex, parts, n] of made.result) {
    const found = await readAt(NOW, fromLitestar({ secret: Buffer.from(hex, 'hex') }), inParts(parts))
    t.strictSame(sessionIn(found).data, { n, text: 'x'.repeat(n * 1_000) })
  }
})

t.test('a session in Redis is read, under the prefix of Litestar or one of its own', async t => {
  const store = new Map<string, unknown>([[`LITESTAR:${ID}`, '{"a":1}'], [`STARLITE_SESSION:${ID}`, Buffer.from('{"b":2}')]])
  t.strictSame(sessionIn(await readAt(NOW, fromLitestar({ store }), `session=${ID}`)), { data: { a: 1 }, expiresAt: NOW + 14 * DAY_MS, secret: ID })
  const own = fromLitestar({ store, prefix: 'STARLITE_SESSION:', maxAge: '1d', cookieName: 'sid' })
  t.match(await readAt(NOW, own, `sid=junk; sid=${ID}`), { data: { b: 2 }, expiresAt: NOW + DAY_MS })
  t.strictSame(await readAt(NOW, fromLitestar({ store: new Map() }), `session=${ID}`), { rejected: 'unknown', secret: ID })
  t.strictSame(await readAt(NOW, fromLitestar({ store: new Map([[`LITESTAR:${ID}`, 'x']]) }), `session=${ID}`), { rejected: 'corrupt' })
  for (const id of ['x', '../../etc/passwd', 'A'.repeat(64), 'a'.repeat(257)]) {
    t.strictSame(await readAt(NOW, fromLitestar({ store: { get: () => t.fail('looked up') } }), `session=${id}`), { rejected: 'malformed' })
  }
})

for (const file of litestarFiles.files) {
  t.test(`a file of Litestar is read: ${file.case}`, async t => {
    const value = Buffer.from(file.value, 'base64')
    const filler = 'x'.repeat(file.filler ?? 0)
    // The long filler is left out of the fixture.
    const at = value.lastIndexOf(0)
    const bytes = file.data === null ? Buffer.concat([value.subarray(0, at), Buffer.from(filler), value.subarray(at + 1)]) : value
    const removed: string[] = []
    const store = { get: (name: string) => name === litestarFiles.name ? bytes : undefined, del: (name: string) => removed.push(name) }
    const found = sessionIn(await readAt(MADE_AT, fromLitestar({ store, layout: 'file' }), `session=${litestarFiles.id}`))
    t.strictSame([found.data, found.expiresAt], [file.data ?? { x: filler }, file.expiresAt])
    await found.remove!()
    t.strictSame(removed, [litestarFiles.name])
    const later = await readAt(MADE_AT + 2 * MINUTE_MS, fromLitestar({ store, layout: 'file' }), `session=${litestarFiles.id}`)
    t.match(later, file.expiresAt === null ? { expiresAt: null } : { rejected: 'expired' })
    for (let length = 0; length < Math.min(bytes.length, 100); length++) {
      const cut = { get: () => bytes.subarray(0, length) }
      t.strictSame(await readAt(MADE_AT, fromLitestar({ store: cut, layout: 'file' }), `session=${litestarFiles.id}`), { rejected: 'corrupt' })
    }
  })
}

t.test('a file of Litestar whose data are text, or an integer as deadline, is corrupt', async t => {
  for (const rest of ['\xC0\xA4data\xA2{}', '\xC0\xA4date\xC4\x02{}', '\x05\xA4data\xC4\x02{}']) {
    const store = { get: () => Buffer.from(`\x82\xAAexpires_at${rest}`, 'latin1') }
    t.strictSame(await readAt(MADE_AT, fromLitestar({ store, layout: 'file' }), `session=${ID}`), { rejected: 'corrupt' })
  }
})

t.test('a file of Starlite is read from its folder, and one that is not there is unknown', async t => {
  const folder = mkdtempSync(join(t.testdir(), 'sessions-'))
  const reader = fromLitestar({ store: { get: name => readFile(join(folder, name)) }, layout: 'file' })
  t.strictSame(await readAt(MADE_AT, reader, `session=${ID}`), { rejected: 'unknown', secret: ID })
  const readContent = async (content: string | object): Promise<unknown> => {
    writeFileSync(join(folder, ID), typeof content === 'string' ? content : JSON.stringify(content))
    return await readAt(Date.UTC(2026, 10, 21), reader, `session=${ID}`)
  }
  const expires = '2026-11-21T02:10:13.858414'
  t.match(await readContent({ expires, data: '{"a":1}' }), { data: { a: 1 }, expiresAt: Date.UTC(2026, 10, 21, 2, 10, 13, 858) })
  t.strictSame(await readContent({ expires: '2026-11-20T02:10:13', data: '{"a":1}' }), { rejected: 'expired' })
  for (const content of ['', 'x', '{}', { expires, data: 1 }, { expires: 5, data: '{}' }, { expires: '2026-13-21T02:10:13', data: '{}' },
    { expires: 'soon', data: '{}' }, { expires, data: '[]' }]) t.strictSame(await readContent(content), { rejected: 'corrupt' })
})
