import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { BoundedMap } from '../tools/bounded-map.ts'
import { fillRandomly } from './random.ts'

export const KEY_BYTES = 32
/** The first half of a nonce, from which the key of a message is derived. AES-GCM takes the second half as its nonce. */
const KEY_NONCE_BYTES = 12
export const NONCE_BYTES = 24
const TAG_BYTES = 16

const BLOCK_BYTES = 16
/** How many derived keys are kept. */
const MAX_KEYS = 256
/** How many nonces in a row share the first half, and so the derived key. */
const MESSAGES_PER_KEY = 4_096

/**
 * XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM under a key derived from the first half of a 192-bit nonce, so
 * that random nonces need no limit on the number of messages. Built on the AES of node:crypto alone.
 */
export class Xaes256Gcm {
  // ECB has no state between blocks, so this cipher serves every derivation.
  readonly #blocks
  readonly #k1: Buffer
  /** Derived keys by the first half of the nonce; the oldest goes first. */
  readonly #keys = new BoundedMap<string, KeyObject>(MAX_KEYS)

  constructor (key: Buffer) {
    this.#blocks = createCipheriv('aes-256-ecb', key, null)
    this.#k1 = doubled(this.#blocks.update(Buffer.alloc(BLOCK_BYTES)))
  }

  /**
   * @param nonce 24 bytes, never used twice under the key
   * @param associatedData authenticated with the plaintext, but not part of the result
   */
  seal (nonce: Buffer, plaintext: Buffer, associatedData: Buffer): [ciphertext: Buffer, tag: Buffer] {
    const name = nonce.toString('latin1', 0, KEY_NONCE_BYTES)
    const key = this.#keys.get(name) ?? this.#remember(name, this.#derive(nonce))
    const cipher = createCipheriv('aes-256-gcm', key, nonce.subarray(KEY_NONCE_BYTES))
    cipher.setAAD(associatedData)
    const ciphertext = cipher.update(plaintext)
    // GCM is a stream cipher, so `final()` has no ciphertext to add.
    cipher.final()
    return [ciphertext, cipher.getAuthTag()]
  }

  /** The plaintext; `null` unless `sealed` (ciphertext, then tag) was sealed with the same key, nonce and associated data. */
  open (nonce: Buffer, sealed: Buffer, associatedData: Buffer): Buffer | null {
    if (sealed.length < TAG_BYTES) return null
    const end = sealed.length - TAG_BYTES
    const name = nonce.toString('latin1', 0, KEY_NONCE_BYTES)
    const known = this.#keys.get(name)
    const key = known ?? this.#derive(nonce)
    const decipher = createDecipheriv('aes-256-gcm', key, nonce.subarray(KEY_NONCE_BYTES), { authTagLength: TAG_BYTES })
    decipher.setAAD(associatedData)
    decipher.setAuthTag(sealed.subarray(end))
    const plaintext = decipher.update(sealed.subarray(0, end))
    try {
      decipher.final()
    } catch {
      return null
    }
    // Only after the check: forged texts must not push out the keys of valid texts.
    if (known === undefined) this.#remember(name, key)
    return plaintext
  }

  #remember (name: string, key: KeyObject): KeyObject {
    this.#keys.set(name, key)
    return key
  }

  // Key derivation in counter mode with CMAC (NIST SP 800-108r1), for the two inputs that the specification lays down.
  #derive (nonce: Buffer): KeyObject {
    const blocks = Buffer.alloc(2 * BLOCK_BYTES)
    for (const half of [0, 1]) {
      const start = half * BLOCK_BYTES
      blocks[start + 1] = half + 1
      blocks[start + 2] = 0x58 // 'X'
      nonce.copy(blocks, start + 4, 0, KEY_NONCE_BYTES)
      this.#k1.forEach((byte, i) => { blocks[start + i]! ^= byte })
    }
    return createSecretKey(this.#blocks.update(blocks))
  }
}

/**
 * Random nonces for XAES-256-GCM, 24 bytes each. A new first half costs the derivation of a key, so each first half serves
 * 4,096 messages. The second half is random for every message.
 *
 * How unlikely a repeated nonce is (docs/security.md C136): 2^48 messages (a million a second, for nine years) need 2^36
 * keys. Two messages under the same key have the same second half with a probability of 2^24 / 2^97 for each key,
 * 2^-37 in all. Two first halves are the same with a probability of 2^72 / 2^97 = 2^-25; then a key serves 8,192 messages
 * in place of 4,096. For comparison: NIST allows AES-GCM with random nonces 2^-32 for a single key (SP 800-38D, 8.3).
 */
export class Nonces {
  readonly #nonce = Buffer.alloc(NONCE_BYTES)
  #left = 0

  /** The next nonce, in a buffer that the next call overwrites. */
  next (): Buffer {
    if (this.#left === 0) {
      fillRandomly(this.#nonce, 0, KEY_NONCE_BYTES)
      this.#left = MESSAGES_PER_KEY
    }
    this.#left--
    fillRandomly(this.#nonce, KEY_NONCE_BYTES, NONCE_BYTES - KEY_NONCE_BYTES)
    return this.#nonce
  }
}

/** Multiplies by x in GF(2^128): the step by which CMAC makes its subkeys (RFC 4493, 2.3). */
function doubled (block: Buffer): Buffer {
  // Nothing is shifted into the last byte: `block[BLOCK_BYTES]` is undefined, and counts as 0.
  const result = Buffer.from(block.map((byte, i) => (byte << 1) | (block[i + 1]! >> 7)))
  if (block[0]! & 0x80) result[BLOCK_BYTES - 1]! ^= 0x87
  return result
}
