import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { CookieBackend } from '../../lib/index.ts'
import { TokenSecrets } from '../../lib/crypto/token-secrets.ts'
import { idOfToken, tokenParts } from '../../lib/record/ids.ts'

// A second decoder, written from docs/wire-format.md with node:crypto alone and without code of lib.

const vectors = JSON.parse(readFileSync(new URL('../vectors/wire-format.json', import.meta.url), 'utf8'))
const document = readFileSync(new URL('../../docs/wire-format.md', import.meta.url), 'utf8')
const secret = Buffer.from(vectors.secretHex, 'hex')
const ZERO = Buffer.alloc(16)

function derive (info: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', info, bytes))
}

function aes (key: Buffer, block: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
  return Buffer.concat([cipher.update(block), cipher.final()])
}

/** XAES-256-GCM, from the specification with big integers. */
function openXaes (key: Buffer, nonce: Buffer, sealed: Buffer, associated: Buffer): Buffer {
  const l = BigInt(`0x${aes(key, ZERO).toString('hex')}`)
  const mask = (1n << 128n) - 1n
  const k1 = ((l << 1n) & mask) ^ (l >> 127n === 1n ? 0x87n : 0n)
  const half = (counter: number) => {
    const m = BigInt(`0x${Buffer.concat([Buffer.from([0, counter, 0x58, 0]), nonce.subarray(0, 12)]).toString('hex')}`)
    return aes(key, Buffer.from((m ^ k1).toString(16).padStart(32, '0'), 'hex'))
  }
  const decipher = createDecipheriv('aes-256-gcm', Buffer.concat([half(1), half(2)]), nonce.subarray(12))
  decipher.setAAD(associated).setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
}

function contentOf (text: string, mode: 'seal' | 'sign', name: string): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  const [head, body] = [bytes.subarray(0, 5), bytes.subarray(5)]
  const purpose = `cookie ${mode} of ${vectors.property}`
  const key = derive(`fastsessions ${purpose} key`, 32)
  if (head[0] !== (mode === 'seal' ? 1 : 2) || !head.subarray(1).equals(derive(`fastsessions ${purpose} key id`, 4))) throw new Error('head')
  if (mode === 'seal') return openXaes(key, body.subarray(0, 24), body.subarray(24), Buffer.concat([head, Buffer.from(name)]))
  const length = Buffer.from([name.length >> 8, name.length & 255])
  const mac = createHmac('sha256', key).update(Buffer.concat([head, length, Buffer.from(name), body.subarray(32)])).digest()
  if (!mac.equals(body.subarray(0, 32))) throw new Error('signature')
  return body.subarray(32)
}

function recordOf (content: Buffer): object {
  const moreLength = content.readUInt16BE(50)
  const more = content.toString('utf8', 52, 52 + moreLength)
  const [subject, policy, meta] = more === '' ? [null, null, null] : JSON.parse(more)
  return {
    id: content.toString('latin1', 0, 22),
    version: content.readUIntBE(22, 6),
    createdAt: content.readUIntBE(28, 6),
    lastAccessedAt: content.readUIntBE(34, 6),
    expiresAt: content.readUIntBE(40, 6),
    schemaVersion: content.readUInt32BE(46),
    subject,
    policy,
    meta,
    data: content.toString('utf8', 52 + moreLength)
  }
}

function backendOf (mode: 'seal' | 'sign'): CookieBackend {
  const context = { property: vectors.property, now: () => 0, secrets: [secret], cookie: { name: vectors.cookieName }, timeout: 5_000, log: null as never }
  return new CookieBackend({ mode }).bind(context)
}

for (const [index, { mode, record, text }] of vectors.cookies.entries()) {
  t.test(`vector ${index}, ${mode}`, async t => {
    t.strictSame(recordOf(contentOf(text, mode, vectors.cookieName)), record, 'the document\'s decoder reads it')
    t.strictSame({ ...backendOf(mode).read(text) }, record, 'the library reads it')
    const written = backendOf(mode).write(null, record)
    t.strictSame(recordOf(contentOf(written, mode, vectors.cookieName)), record, 'the decoder reads what the library writes')
    if (mode === 'sign') t.equal(written, text)
  })
}

t.test('the example of the document is the first vector', async t => {
  t.ok(document.includes(`\n${vectors.cookies[0].text}\n`))
})

t.test('an id is made of property and token', async t => {
  const { property, token, id } = vectors.token
  t.equal(createHash('sha256').update(`${property}:${token}`).digest('hex'), id)
  t.equal(idOfToken(property, token), id)
})

t.test('a secret behind a token is made of the token and its number', async t => {
  const { token: { property, token, id }, renewedSecrets } = vectors
  const secrets = new TokenSecrets([secret], property)
  for (const { counter, text } of renewedSecrets) {
    const mac = createHmac('sha256', derive(`fastsessions token secrets of ${property} key`, 32)).update(`${token}.${counter}`).digest('base64url')
    t.equal(`${token}.${mac.slice(0, 22)}`, text, 'by the document')
    t.equal(secrets.textOf(token, counter), text, 'by the library')
    const parts = tokenParts(text)!
    t.equal(idOfToken(property, parts.token), id)
    t.match(secrets.find(token, parts.secret, counter), { counter, isStale: false })
  }
})

t.test('a cookie of 0.1.0, which had no meta, is read', async t => {
  const { decodeRecord, encodeRecord } = await import('../../lib/record/cookie-format.ts')
  const { record } = vectors.cookies.at(-1)
  const content = encodeRecord({ ...record, policy: null, meta: null })
  const end = 52 + content.readUInt16BE(50)
  const before = Buffer.from(JSON.stringify([record.subject, null]))
  const header = Buffer.from(content.subarray(0, 52))
  header.writeUInt16BE(before.length, 50)
  t.strictSame(decodeRecord(Buffer.concat([header, before, content.subarray(end)])), { ...record, policy: null, meta: null })
})

t.test('content that is too short for its own lengths is no session', async t => {
  const { decodeRecord, encodeRecord } = await import('../../lib/record/cookie-format.ts')
  const content = encodeRecord(vectors.cookies[0].record)
  t.equal(decodeRecord(content.subarray(0, 51)), null)
  const lying = Buffer.from(content)
  lying.writeUInt16BE(65_535, 50)
  t.equal(decodeRecord(lying), null)
})
