import { fillRandomly } from './random.ts'
import { KEY_NONCE_BYTES, NONCE_BYTES } from './xaes.ts'

const MESSAGES_PER_KEY = 4_096

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
