import { randomBytes } from 'node:crypto'
import fastify from 'fastify'
import t from 'tap'
import { fromSecureSession } from '../../lib/migrate.ts'
import { peer } from '../../lib/readers/peer.ts'
import { cookieHeader, load, read, readAt, sessionIn } from '../helpers/foreign.ts'

const KEY = randomBytes(32)
const SECRET = 'a secret of @fastify/secure-session with 32 bytes and more'
const DATA = { user: 'ada', cart: [1, { n: 2 }], name: 'Zoë 🔑' }
const EXPIRY_MS = 86_401_000

/** The cookie of a session that @fastify/secure-session itself has sealed. */
async function signedIn (options: object, data: object = DATA): Promise<string> {
  const app = fastify()
  await app.register(load('@fastify/secure-session'), options)
  app.get('/', async (request: any) => {
    for (const [name, value] of Object.entries(data)) request.session.set(name, value)
    return 'ok'
  })
  const { headers } = await app.inject('/')
  await app.close()
  return cookieHeader(headers['set-cookie'])
}

t.test('a session of @fastify/secure-session is read by its key, with its deadline', async t => {
  const header = await signedIn({ key: KEY })
  for (const key of [KEY, new Uint8Array(KEY), KEY.toString('base64'), [randomBytes(32), KEY], [randomBytes(32).toString('base64'), KEY.toString('base64')]]) {
    const found = sessionIn(await read(fromSecureSession({ key }), header))
    t.strictSame(found.data, DATA, 'and nothing of the library')
    t.ok(Math.abs(found.expiresAt! - Date.now() - EXPIRY_MS) < 5_000)
    t.equal(found.secret, decodeURIComponent(header.slice('session='.length)))
  }
})

t.test('a session that @fastify/secure-session sealed with one of several keys is read', async t => {
  const header = await signedIn({ key: [KEY, randomBytes(32)] })
  t.match(await read(fromSecureSession({ key: KEY }), header), { data: DATA })
})

t.test('the key is derived of a secret as in the library, with its salt or one of the application', async t => {
  for (const salt of [undefined, 'sixteen bytes ok', randomBytes(16)]) {
    const options = { secret: SECRET, ...(salt !== undefined && { salt }) }
    const header = await signedIn(options)
    t.match(await read(fromSecureSession(options), header), { data: DATA })
  }
  const header = await signedIn({ secret: SECRET, salt: 'sixteen bytes é!' })
  t.match(await read(fromSecureSession({ secret: Buffer.from(SECRET), salt: 'sixteen bytes é!' }), header), { data: DATA })
  t.strictSame(await read(fromSecureSession({ secret: SECRET }), header), { rejected: 'forged' }, 'a different salt')
})

t.test('a session ends with the expiry of the library', async t => {
  const header = await signedIn({ key: KEY, expiry: 3600 })
  const reader = fromSecureSession({ key: KEY, expiry: '1h' })
  const { expiresAt } = sessionIn(await read(reader, header))
  t.match(await readAt(expiresAt! - 1, reader, header), { data: DATA })
  t.strictSame(await readAt(expiresAt!, reader, header), { rejected: 'expired' })
})

t.test('a cookie that @fastify/cookie signed besides is the same session', async t => {
  const header = await signedIn({ key: KEY, cookie: { signed: true }, cookieName: 'signed' })
  const reader = fromSecureSession({ key: KEY, cookieName: 'signed' })
  const { secret } = sessionIn(await read(reader, header))
  t.equal(sessionIn(await read(reader, header.replace(/\.[^.]+$/, ''))).secret, secret)
})

t.test('a wrong key, a changed byte, a cut and a different spelling are no session', async t => {
  const header = await signedIn({ key: KEY }, { a: 1 })
  const reader = fromSecureSession({ key: KEY })
  t.strictSame(await read(fromSecureSession({ key: randomBytes(32) }), header), { rejected: 'forged' })
  const text = decodeURIComponent(header)
  const [box, nonce] = text.slice('session='.length).split(';') as [string, string]
  const changed = Buffer.from(box, 'base64')
  changed[20]! ^= 1
  t.strictSame(await read(reader, `session=${encodeURIComponent(`${changed.toString('base64')};${nonce}`)}`), { rejected: 'forged' })
  t.strictSame(await read(reader, `session=${encodeURIComponent(`AAAA;${nonce}`)}`), { rejected: 'forged' }, 'less than a tag')
  t.strictSame(await read(reader, `session=${encodeURIComponent(box)}`), { rejected: 'malformed' })
  t.strictSame(await read(reader, `session=${encodeURIComponent(`${box};${nonce.slice(1)}`)}`), { rejected: 'malformed' })
  t.strictSame(await read(reader, `session=${encodeURIComponent(`QQ=A;${nonce}`)}`), { rejected: 'malformed' })
  t.strictSame(await read(reader, `session=${encodeURIComponent(`QR==;${nonce}`)}`), { rejected: 'malformed' }, 'bits that no encoder sets')
  t.match(await read(reader, `session=junk; ${header}`), { data: { a: 1 } }, 'each of several cookies is tried')
})

t.test('what is sealed and yet no session of the library is corrupt', async t => {
  const sodium = load('sodium-native')
  const seal = (text: string): string => {
    const nonce = randomBytes(24)
    const box = Buffer.alloc(Buffer.byteLength(text) + 16)
    sodium.crypto_secretbox_easy(box, Buffer.from(text), nonce, KEY)
    return `session=${encodeURIComponent(`${box.toString('base64')};${nonce.toString('base64')}`)}`
  }
  for (const text of ['', '[]', 'null', '{"a":1}', '{"__ts":"1"}', '{"__ts":1,"__proto__":{}}']) {
    t.strictSame(await read(fromSecureSession({ key: KEY }), seal(text)), { rejected: 'corrupt' }, text)
  }
})

t.test('a package that is not installed is named, with the command that installs it', t => {
  t.throws(() => peer('no-such-package/at-all', 'fromX needs the package `x`: npm install x'), {
    name: 'InvalidOptionsError', message: 'fromX needs the package `x`: npm install x', cause: { code: 'MODULE_NOT_FOUND' }
  })
  t.end()
})
