import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { KEY_BYTES, Nonces, NONCE_BYTES, Xaes256Gcm } from './xaes.ts'

/**
 * Makes and opens protected text: base64url of `version | key id | body` (docs/wire-format.md, "Protected text").
 *
 * Hostile text gives `null`, never an exception. Nothing of the content is read before the content is authenticated
 * (docs/security.md C130). The configuration decides on the version, so no text chooses how it is checked (C131).
 */
export interface Envelope {
  /** Protects content with the first secret. */
  seal (content: Buffer): string
  /** The content; `null` for text that none of the secrets has protected. */
  open (text: string): Buffer | null
  /** Whether a valid text was protected with an older secret, and should be sealed anew. */
  isStale (text: string): boolean
}

const KEY_ID_BYTES = 4
const HEAD_BYTES = 1 + KEY_ID_BYTES
const MAC_BYTES = 32
/** The base64url characters that come from the head alone; the next character has bits of the body too. */
const HEAD_CHARS = 6

/** Makes and checks the body of texts, under a key and in a context. */
interface Protection {
  readonly head: Buffer
  protect (content: Buffer): readonly Buffer[]
  /** The content of a body of any length; `null` when the body is not authentic. */
  check (body: Buffer): Buffer | null
}

/**
 * Version 1: content encrypted and authenticated with XAES-256-GCM. A text opens only in the context of its making, such as
 * the name of the cookie or the id of the session, since the context is authenticated with the content.
 *
 * @param secrets the first secret seals, all of them open
 * @param purpose the use of the texts, such as `'cookie seal'`: each purpose has keys of its own
 */
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

/** Version 2: content readable for everyone, authenticated with HMAC-SHA-256. The parameters are those of `sealedEnvelope`. */
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
      // Node decodes leniently. Only canonical text is accepted, so that no two texts stand for the same session.
      if (bytes.toString('base64url') !== text) return null
      const head = bytes.subarray(0, HEAD_BYTES)
      for (const key of keys) {
        const content = key.head.equals(head) ? key.check(bytes.subarray(HEAD_BYTES)) : null
        if (content !== null) return content
      }
      return null
    },
    // These characters hold 28 of the 32 bits of the key id: enough to tell secrets apart, and no decoding is needed.
    isStale: text => !text.startsWith(start)
  }
}

function headOf (version: number, keyId: Buffer): Buffer {
  return Buffer.concat([Buffer.from([version]), keyId])
}

/** The context with its length in front, so that no character can move between context and content unnoticed. */
function framed (context: string): Buffer {
  const name = Buffer.from(context)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(name.length)
  return Buffer.concat([length, name])
}

/** The key made from a secret for a purpose. */
export interface PurposeKey {
  /** Public: selects the secret that opens a text, and tells nothing about the secret (docs/security.md C132). */
  readonly id: Buffer
  readonly key: Buffer
}

/**
 * Derives, for each secret, the key and the key id of a purpose (HKDF-SHA-256, RFC 5869), once at registration. Two purposes
 * have independent keys: a text sealed for the first does not open for the second.
 */
export function deriveKeys (secrets: readonly Buffer[], purpose: string): PurposeKey[] {
  return secrets.map(secret => ({
    id: derive(secret, `fastsessions ${purpose} key id`, KEY_ID_BYTES),
    key: derive(secret, `fastsessions ${purpose} key`, KEY_BYTES)
  }))
}

function derive (secret: Buffer, info: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', info, bytes))
}
