import { createHmac, timingSafeEqual } from 'node:crypto'
import { type PurposeKey, deriveKeys, KEY_ID_BYTES } from './keyring.ts'
import { randomBytes } from './random.ts'
import { NONCE_BYTES, TAG_BYTES, Xaes256Gcm } from './xaes.ts'

/**
 * Protected text: base64url of `version | key id | body` (the byte layout is in docs/wire-format.md).
 *
 * Opening hostile text is a result, never an exception; nothing of the body is looked at before it is authenticated;
 * the version is fixed by the configuration, so a text cannot choose how it is checked.
 */
export interface Envelope {
  seal (content: Buffer): string
  /** The content, or `null`. */
  open (text: string): Buffer | null
  /** Whether a valid text was made with another secret than the first. */
  isStale (text: string): boolean
}

const HEAD_BYTES = 1 + KEY_ID_BYTES
const MAC_BYTES = 32

/** Version 1: encrypted and authenticated with XAES-256-GCM. `context` is authenticated along (a cookie name, an id). */
export function sealedEnvelope (secrets: readonly Buffer[], purpose: string): (context: string) => Envelope {
  const keys = deriveKeys(secrets, purpose).map(({ id, key }) => ({ id, cipher: new Xaes256Gcm(key) }))
  return context => ({
    seal (content) {
      const nonce = randomBytes(NONCE_BYTES)
      const head = headOf(1, keys[0]!.id)
      const sealed = keys[0]!.cipher.seal(nonce, content, associated(head, context))
      return Buffer.concat([head, nonce, sealed]).toString('base64url')
    },
    open (text) {
      return openWith(text, 1, NONCE_BYTES + TAG_BYTES, keys, (key, head, body) =>
        key.cipher.open(body.subarray(0, NONCE_BYTES), body.subarray(NONCE_BYTES), associated(head, context)))
    },
    isStale: text => isOther(text, keys)
  })
}

/** Version 2: readable, authenticated with HMAC-SHA-256. */
export function signedEnvelope (secrets: readonly Buffer[], purpose: string): (context: string) => Envelope {
  const keys = deriveKeys(secrets, purpose)
  return context => ({
    seal (content) {
      const head = headOf(2, keys[0]!.id)
      return Buffer.concat([head, macOf(keys[0]!, head, context, content), content]).toString('base64url')
    },
    open (text) {
      return openWith(text, 2, MAC_BYTES, keys, (key, head, body) => {
        const content = body.subarray(MAC_BYTES)
        return timingSafeEqual(macOf(key, head, context, content), body.subarray(0, MAC_BYTES)) ? content : null
      })
    },
    isStale: text => isOther(text, keys)
  })
}

function headOf (version: number, keyId: Buffer): Buffer {
  const head = Buffer.allocUnsafe(HEAD_BYTES)
  head[0] = version
  keyId.copy(head, 1)
  return head
}

function associated (head: Buffer, context: string): Buffer {
  return Buffer.concat([head, Buffer.from(context, 'utf8')])
}

function macOf (key: PurposeKey, head: Buffer, context: string, content: Buffer): Buffer {
  // The length in front keeps context and content apart.
  const name = Buffer.from(context, 'utf8')
  const length = Buffer.alloc(2)
  length.writeUInt16BE(name.length)
  return createHmac('sha256', key.key).update(head).update(length).update(name).update(content).digest()
}

function openWith<K extends { id: Buffer }> (
  text: string, version: number, leastBody: number, keys: readonly K[], attempt: (key: K, head: Buffer, body: Buffer) => Buffer | null
): Buffer | null {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length < HEAD_BYTES + leastBody || bytes[0] !== version) return null
  // Node decodes leniently; only the canonical text counts, so that no two texts mean one session.
  if (bytes.toString('base64url') !== text) return null
  const head = bytes.subarray(0, HEAD_BYTES)
  const body = bytes.subarray(HEAD_BYTES)
  for (const key of keys) {
    if (!key.id.equals(head.subarray(1))) continue
    const content = attempt(key, head, body)
    if (content !== null) return content
  }
  return null
}

function isOther (text: string, keys: ReadonlyArray<{ id: Buffer }>): boolean {
  // 7 characters carry the head: five bytes and two bits more.
  const head = Buffer.from(text.slice(0, 7), 'base64url')
  return !keys[0]!.id.equals(head.subarray(1, HEAD_BYTES))
}
