import { createCipheriv, createDecipheriv } from 'node:crypto'

export const KEY_BYTES = 32
export const NONCE_BYTES = 24
export const TAG_BYTES = 16

const BLOCK_BYTES = 16

/**
 * XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM under a key derived for each message from a 192-bit nonce,
 * so that random nonces need no limit on the number of messages. Made of node:crypto's AES alone.
 */
export class Xaes256Gcm {
  // ECB keeps no state between blocks, so one cipher object serves every derivation.
  readonly #blocks
  readonly #k1: Buffer

  constructor (key: Buffer) {
    this.#blocks = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
    this.#k1 = doubled(this.#blocks.update(Buffer.alloc(BLOCK_BYTES)))
  }

  /** Returns ciphertext and tag in one buffer. */
  seal (nonce: Buffer, plaintext: Buffer, associatedData: Buffer): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.#messageKey(nonce), nonce.subarray(12))
    cipher.setAAD(associatedData)
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  }

  /** Returns the plaintext, or `null` when it was not sealed so. */
  open (nonce: Buffer, sealed: Buffer, associatedData: Buffer): Buffer | null {
    if (sealed.length < TAG_BYTES) return null
    const end = sealed.length - TAG_BYTES
    const decipher = createDecipheriv('aes-256-gcm', this.#messageKey(nonce), nonce.subarray(12), { authTagLength: TAG_BYTES })
    decipher.setAAD(associatedData)
    decipher.setAuthTag(sealed.subarray(end))
    const plaintext = decipher.update(sealed.subarray(0, end))
    try {
      decipher.final()
    } catch {
      return null
    }
    return plaintext
  }

  // CMAC as a key derivation function in counter mode (NIST SP 800-108r1), with the two inputs the specification fixes.
  #messageKey (nonce: Buffer): Buffer {
    const blocks = Buffer.alloc(2 * BLOCK_BYTES)
    for (let half = 0; half < 2; half++) {
      const start = half * BLOCK_BYTES
      blocks[start + 1] = half + 1
      blocks[start + 2] = 0x58 // 'X'
      nonce.copy(blocks, start + 4, 0, 12)
      for (let i = 0; i < BLOCK_BYTES; i++) blocks[start + i]! ^= this.#k1[i]!
    }
    return this.#blocks.update(blocks)
  }
}

/** Multiplies by x in GF(2^128), as CMAC's subkeys are made (RFC 4493, 2.3). */
function doubled (block: Buffer): Buffer {
  const result = Buffer.alloc(BLOCK_BYTES)
  for (let i = 0; i < BLOCK_BYTES; i++) {
    result[i] = (block[i]! << 1) | (i + 1 < BLOCK_BYTES ? block[i + 1]! >> 7 : 0)
  }
  if (block[0]! & 0x80) result[BLOCK_BYTES - 1]! ^= 0x87
  return result
}
