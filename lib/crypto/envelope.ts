import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { KEY_BYTES, Nonces, NONCE_BYTES, Xaes256Gcm } from './xaes.ts'

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

const KEY_ID_BYTES = 4
const HEAD_BYTES = 1 + KEY_ID_BYTES
const MAC_BYTES = 32
/** Base64url characters that lie wholly within the head. */
const HEAD_CHARS = 6

/** How the body under one key is made and checked. */
interface Protection {
  readonly head: Buffer
  protect (content: Buffer): readonly Buffer[]
  /** The content, or `null`; a body may be of any length. */
  check (body: Buffer): Buffer | null
}

/** Version 1: encrypted and authenticated with XAES-256-GCM. `context` is authenticated along (a cookie name, an id). */
export function sealedEnvelope (secrets: readonly Buffer[], purpose: string): (context: string) => Envelope {
  const nonces = new Nonces()
  const keys = deriveKeys(secrets, purpose).map(({ id, key }) => ({ head: headOf(1, id), cipher: new Xaes256Gcm(key) }))
  return context => envelopeOf(keys.map(({ head, cipher }) => {
    const associated = Buffer.concat([head, Buffer.from(context)])
    return {
      head,
      protect (content) {
        const nonce = nonces.next()
        return [nonce, ...cipher.seal(nonce, content, associated)]
      },
      check: body => cipher.open(body.subarray(0, NONCE_BYTES), body.subarray(NONCE_BYTES), associated)
    }
  }))
}

/** Version 2: readable, authenticated with HMAC-SHA-256. */
export function signedEnvelope (secrets: readonly Buffer[], purpose: string): (context: string) => Envelope {
  const keys = deriveKeys(secrets, purpose).map(({ id, key }) => ({ head: headOf(2, id), key }))
  return context => envelopeOf(keys.map(({ head, key }) => {
    const macOf = (content: Buffer) => createHmac('sha256', key).update(head).update(framed(context)).update(content).digest()
    return {
      head,
      protect: content => [macOf(content), content],
      check (body) {
        if (body.length < MAC_BYTES) return null
        const content = body.subarray(MAC_BYTES)
        return timingSafeEqual(macOf(content), body.subarray(0, MAC_BYTES)) ? content : null
      }
    }
  }))
}

function envelopeOf (keys: readonly Protection[]): Envelope {
  const [first] = keys as [Protection]
  const start = first.head.toString('base64url').slice(0, HEAD_CHARS)
  return {
    seal: content => Buffer.concat([first.head, ...first.protect(content)]).toString('base64url'),
    open (text) {
      const bytes = Buffer.from(text, 'base64url')
      // Node decodes leniently; only the canonical text counts, so that no two texts mean one session.
      if (bytes.toString('base64url') !== text) return null
      const head = bytes.subarray(0, HEAD_BYTES)
      for (const key of keys) {
        const content = key.head.equals(head) ? key.check(bytes.subarray(HEAD_BYTES)) : null
        if (content !== null) return content
      }
      return null
    },
    // 28 of the 32 bits of the key id tell secrets apart well enough, and need no decoding.
    isStale: text => !text.startsWith(start)
  }
}

function headOf (version: number, keyId: Buffer): Buffer {
  return Buffer.concat([Buffer.from([version]), keyId])
}

/** With its length in front, so that context and content are kept apart. */
function framed (context: string): Buffer {
  const name = Buffer.from(context)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(name.length)
  return Buffer.concat([length, name])
}

/** One secret as used for one purpose. */
interface PurposeKey {
  /** Public: tells which secret opens a text, and nothing about the secret. */
  readonly id: Buffer
  readonly key: Buffer
}

/**
 * Derives, for each secret, the key and the key id of one purpose (HKDF-SHA-256, RFC 5869), once at registration.
 * Different purposes share nothing: a text sealed for one is noise to the other.
 */
function deriveKeys (secrets: readonly Buffer[], purpose: string): PurposeKey[] {
  return secrets.map(secret => ({
    id: derive(secret, `fastsessions ${purpose} key id`, KEY_ID_BYTES),
    key: derive(secret, `fastsessions ${purpose} key`, KEY_BYTES)
  }))
}

function derive (secret: Buffer, info: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', info, bytes))
}
