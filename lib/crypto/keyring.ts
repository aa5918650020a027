import { hkdfSync } from 'node:crypto'
import { KEY_BYTES } from './xaes.ts'

export const KEY_ID_BYTES = 4

/** One secret as used for one purpose. */
export interface PurposeKey {
  /** Public: tells which secret opens a text, and nothing about the secret. */
  readonly id: Buffer
  readonly key: Buffer
}

/**
 * Derives, for each secret, the key and the key id of one purpose (HKDF-SHA-256, RFC 5869), once at registration.
 * Different purposes share nothing: a text sealed for one is noise to the other.
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
