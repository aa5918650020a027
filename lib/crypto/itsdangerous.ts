import { createHmac, hash } from 'node:crypto'

/** The salt of itsdangerous' Signer, and what it puts between salt and secret. */
const SALT = 'itsdangerous.Signersigner'

/** The keys which the `TimestampSigner` of itsdangerous derives of secrets, with its defaults: SHA-1 of salt and secret. */
export function signerKeys (secrets: readonly Buffer[]): Buffer[] {
  return secrets.map(secret => hash('sha1', Buffer.concat([Buffer.from(SALT), secret]), 'buffer'))
}

/** Its signature of a value and the time, which stand with a dot between them: HMAC-SHA-1. */
export function signatureBy (key: Buffer, text: string): string { return createHmac('sha1', key).update(text).digest('base64url') }
