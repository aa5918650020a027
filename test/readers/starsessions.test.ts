import { createCipheriv, createHmac } from 'node:crypto'
import t from 'tap'
import { fromStarsessions } from '../../lib/migrate.ts'
import { readAt, sessionIn } from '../helpers/foreign.ts'
import { fixture, MADE_AT, madeBy, type PythonSession, python } from '../helpers/python-sessions.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../helpers/times.ts'

const NOW = MADE_AT + MINUTE_MS

/** The options of a reader for a session of the fixture. */
function encryptionOf ({ encryption, key }: PythonSession): object {
  return { encryption, ...(key !== null && { key: encryption === 'fernet' ? key : Buffer.from(key, 'hex') }) }
}

function textOf ({ header }: PythonSession): string { return header.slice('session='.length) }

for (const made of madeBy('starsessions 2', 'cookie')) {
  t.test(`a session of starsessions 2 in its cookie is read: ${made.encryption}, lifetime ${made.lifetime}`, async t => {
    const { secret, header, data, lifetime } = made
    const found = sessionIn(await readAt(NOW, fromStarsessions({ secret, ...encryptionOf(made) }), header))
    t.strictSame(found, { data, expiresAt: MADE_AT + (lifetime === 0 ? 360 * DAY_MS : HOUR_MS), secret: textOf(made) })
    t.strictSame(await readAt(found.expiresAt!, fromStarsessions({ secret, ...encryptionOf(made) }), header), { rejected: 'expired' })
    t.strictSame(await readAt(NOW, fromStarsessions({ secret: 'other', ...encryptionOf(made) }), header), { rejected: 'forged' })
    t.equal(sessionIn(await readAt(NOW, fromStarsessions({ secret, ...encryptionOf(made), maxAge: '2h' }), header)).expiresAt, MADE_AT + 2 * HOUR_MS)
  })
}

for (const made of madeBy('starsessions 2', 'store')) {
  t.test(`a session of starsessions 2 in a store is read: ${made.encryption}, lifetime ${made.lifetime}`, async t => {
    const { header, data, lifetime, value } = made
    const store = new Map([[`starsessions.${textOf(made)}`, Buffer.from(value, 'base64')]])
    const reader = fromStarsessions({ store, ...encryptionOf(made) })
    const found = sessionIn(await readAt(NOW, reader, header))
    t.strictSame(found, { data, expiresAt: lifetime === 0 ? NOW + 30 * DAY_MS : MADE_AT + 500 + HOUR_MS, secret: textOf(made) })
    if (lifetime > 0) t.strictSame(await readAt(found.expiresAt!, reader, header), { rejected: 'expired' })
    store.clear()
    t.strictSame(await readAt(NOW, reader, header), { rejected: 'unknown', secret: textOf(made) })
  })
}

t.test('with rolling, a session ends its lifetime after the last access', async t => {
  const body = Buffer.from(JSON.stringify({
    a: 1, __metadata__: { lifetime: 3600, created: fixture.t - 7200, last_access: fixture.t }
  }))
  const id = 'a'.repeat(32)
  const store = new Map([[`starsessions.${id}`, body]])
  t.strictSame(await readAt(NOW, fromStarsessions({ store }), `session=${id}`), { rejected: 'expired' })
  t.equal(sessionIn(await readAt(NOW, fromStarsessions({ store, rolling: true }), `session=${id}`)).expiresAt, MADE_AT + HOUR_MS)
})

t.test('sessions of starsessions 1 are read, in their cookie and in a store', async t => {
  const [cookie] = madeBy('starsessions 1', 'cookie') as [PythonSession]
  const { secret, header, data } = cookie
  t.strictSame(sessionIn(await readAt(NOW, fromStarsessions({ secret }), header)), { data, expiresAt: MADE_AT + 14 * DAY_MS, secret: textOf(cookie) })
  const [stored] = madeBy('starsessions 1', 'store') as [PythonSession]
  const store = new Map([[textOf(stored), Buffer.from(stored.value, 'base64').toString()]])
  t.match(await readAt(NOW, fromStarsessions({ store, prefix: '' }), stored.header), { data, expiresAt: NOW + 30 * DAY_MS })
  t.equal(sessionIn(await readAt(NOW, fromStarsessions({ store, prefix: '', maxAge: '1h' }), stored.header)).expiresAt, NOW + HOUR_MS)
})

t.test('the vector of the wire format is read', async t => {
  const { secret, cookie } = fixture.legacy.starsessions.plain
  t.match(await readAt(NOW, fromStarsessions({ secret }), `session=${cookie}`), { data: { a: 1 }, expiresAt: MADE_AT + HOUR_MS })
})

t.test('ids that the library does not make are not looked up', async t => {
  const store = { get: () => t.fail('looked up') }
  for (const id of ['x', 'a'.repeat(31), 'A'.repeat(32), `${'a'.repeat(31)}*`, 'a'.repeat(255)]) {
    t.strictSame(await readAt(NOW, fromStarsessions({ store }), `session=${id}`), { rejected: 'malformed' })
  }
})

t.test('what is encrypted differently, with a different key, in the future or by halves is forged; what is no session is corrupt', async t => {
  const id = 'a'.repeat(32)
  const key = Buffer.alloc(32, 7)
  const readValue = async (value: Buffer | string, options: object): Promise<unknown> => {
    return await readAt(NOW, fromStarsessions({ store: new Map([[`starsessions.${id}`, value]]), ...options }), `session=${id}`)
  }
  const token = (at: bigint, { version = 0x80, text = '{"a":1}' } = {}): string => {
    const head = Buffer.alloc(25)
    head[0] = version
    head.writeBigUInt64BE(at, 1)
    const cipher = createCipheriv('aes-128-cbc', key.subarray(16), head.subarray(9))
    const signed = Buffer.concat([head, cipher.update(text), cipher.final()])
    return Buffer.concat([signed, createHmac('sha256', key.subarray(0, 16)).update(signed).digest()]).toString('base64url')
  }
  const fernet = { encryption: 'fernet', key: key.toString('base64url') }
  t.match(await readValue(token(BigInt(fixture.t)), fernet), { data: { a: 1 } })
  t.match(await readValue(token(BigInt(fixture.t)), { encryption: 'fernet', key }), { data: { a: 1 } }, 'a key as bytes')
  t.strictSame(await readValue(token(BigInt(fixture.t + 121)), fernet), { rejected: 'forged' }, 'from the future')
  t.strictSame(await readValue(token(2n ** 64n - 1n), fernet), { rejected: 'forged' })
  t.strictSame(await readValue(token(BigInt(fixture.t), { version: 0x81 }), fernet), { rejected: 'forged' })
  t.strictSame(await readValue(token(BigInt(fixture.t)).slice(0, 90), fernet), { rejected: 'forged' })
  t.strictSame(await readValue(token(BigInt(fixture.t)).replace(/^.{40}/, start => `${start.slice(0, 39)}-`), fernet), { rejected: 'forged' })
  t.strictSame(await readValue('', fernet), { rejected: 'forged' })
  t.strictSame(await readValue(token(BigInt(fixture.t), { text: '[]' }), fernet), { rejected: 'corrupt' })
  t.strictSame(await readValue(token(BigInt(fixture.t)), { encryption: 'aes-gcm', key }), { rejected: 'forged' })
  t.strictSame(await readValue('short', { encryption: 'aes-gcm', key }), { rejected: 'forged' })
  t.strictSame(await readValue(token(BigInt(fixture.t)), {}), { rejected: 'corrupt' })
  t.strictSame(await readValue('{"a":1,"__metadata__":[]}', {}), { rejected: 'corrupt' })
  t.match(await readValue('{"a":1,"__metadata__":{"created":"x","lifetime":60}}', {}), { data: { a: 1 }, expiresAt: NOW + 60_000 })
  const [made] = madeBy('starsessions 2', 'cookie').filter(({ encryption }) => encryption === 'fernet') as [PythonSession]
  t.strictSame(await readAt(NOW, fromStarsessions({ secret: made.secret, ...fernet } as any), made.header), { rejected: 'forged' })
})

t.test('a record is removed where the store can', async t => {
  const removed: string[] = []
  const id = 'a'.repeat(32)
  const store = { get: async () => '{}', del: (key: string) => removed.push(key) }
  await sessionIn(await readAt(NOW, fromStarsessions({ store }), `session=${id}`)).remove!()
  t.strictSame(removed, [`starsessions.${id}`])
})

t.test('what the package cryptography encrypts in this very run is read', async t => {
  const made = python(['cryptography.fernet', 'cryptography.hazmat.primitives.ciphers.aead'], `
import json, os, base64
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
out = []
for n in range(12):
  body = json.dumps({'n': n, 'text': 'x' * n * 7}).encode()
  key = Fernet.generate_key()
  out.append(['fernet', key.decode(), '', base64.b64encode(Fernet(key).encrypt(body)).decode(), n])
  key = os.urandom((16, 24, 32)[n % 3]); nonce = os.urandom(12)
  out.append(['aes-gcm', '', key.hex(), base64.b64encode(nonce + AESGCM(key).encrypt(nonce, body, None)).decode(), n])
print(json.dumps(out))`)
  if ('missing' in made) {
    t.comment(`compared with the fixture only: ${made.missing}`)
    return
  }
  for (const [encryption, text, hex, value, n] of made.result) {
    const store = { get: () => Buffer.from(value, 'base64') }
    const reader = fromStarsessions({ store, encryption, key: encryption === 'fernet' ? text : Buffer.from(hex, 'hex') })
    t.strictSame(sessionIn(await readAt(Date.now(), reader, `session=${'b'.repeat(32)}`)).data, { n, text: 'x'.repeat(n * 7) })
  }
})
