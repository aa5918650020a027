import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import { BoundedMap } from '../tools/bounded-map.ts'
import { fillRandomly } from './random.ts'

export const KEY_BYTES = 32
/** The first part of a nonce makes the key of a message, the second one is AES-GCM's nonce under it. */
const KEY_NONCE_BYTES = 12
export const NONCE_BYTES = 24
const TAG_BYTES = 16

const BLOCK_BYTES = 16
const MAX_KEYS = 256
const MESSAGES_PER_KEY = 4_096

/**
 * XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM under a key derived for each message from a 192-bit nonce,
 * so that random nonces need no limit on the number of messages. Made of node:crypto's AES alone.
 */
export class Xaes256Gcm {
  // ECB keeps no state between blocks, so one cipher object serves every derivation.
  readonly #blocks
  readonly #k1: Buffer
  /** Message keys by the part of the nonce that makes them; the oldest goes first. */
  readonly #keys = new BoundedMap<string, KeyObject>(MAX_KEYS)

  constructor (key: Buffer) {
    this.#blocks = createCipheriv('aes-256-ecb', key, null)
    this.#k1 = doubled(this.#blocks.update(Buffer.alloc(BLOCK_BYTES)))
  }

  /** Returns ciphertext and tag. */
  seal (nonce: Buffer, plaintext: Buffer, associatedData: Buffer): [ciphertext: Buffer, tag: Buffer] {
    const name = nonce.toString('latin1', 0, KEY_NONCE_BYTES)
    const key = this.#keys.get(name) ?? this.#remember(name, this.#derive(nonce))
    const cipher = createCipheriv('aes-256-gcm', key, nonce.subarray(KEY_NONCE_BYTES))
    cipher.setAAD(associatedData)
    const ciphertext = cipher.update(plaintext)
    // GCM is a stream cipher: nothing is left for the end.
    cipher.final()
    return [ciphertext, cipher.getAuthTag()]
  }

  /** Returns the plaintext, or `null` when it was not sealed so. */
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
    // Only now: what is forged must not push out the others.
    if (known === undefined) this.#remember(name, key)
    return plaintext
  }

  #remember (name: string, key: KeyObject): KeyObject {
    this.#keys.set(name, key)
    return key
  }

  // CMAC as a key derivation function in counter mode (NIST SP 800-108r1), with the two inputs the specification fixes.
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
 * Nonces for XAES-256-GCM: random, 24 bytes. The first half, which costs a key to be derived, serves 4,096 messages; the
 * second half is drawn for each.
 *
 * 2^48 messages (a million a second, for nine years) are 2^36 keys. That two messages under one key have the same second
 * half has a probability of 2^24 / 2^97 for each key, 2^-37 in all; that two keys are the same, 2^72 / 2^97 = 2^-25, and
 * then only those 8,192 messages share one. NIST allows AES-GCM with random nonces 2^-32 for a single key (SP 800-38D, 8.3).
 */
export class Nonces {
  readonly #nonce = Buffer.alloc(NONCE_BYTES)
  #left = 0

  /** The next one; valid until the one after it. */
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

/** Multiplies by x in GF(2^128), as CMAC's subkeys are made (RFC 4493, 2.3). */
function doubled (block: Buffer): Buffer {
  // Behind the last byte nothing is shifted in.
  const result = Buffer.from(block.map((byte, i) => (byte << 1) | (block[i + 1]! >> 7)))
  if (block[0]! & 0x80) result[BLOCK_BYTES - 1]! ^= 0x87
  return result
}
