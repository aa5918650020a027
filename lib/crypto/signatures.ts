import { timingSafeEqual } from 'node:crypto'

/**
 * Whether a text is the signature by one of the keys. All keys are tried, so that the time does not tell which one it was. Texts are
 * compared and not bytes: base64 has several spellings for the same bytes, and a session must have one cookie.
 *
 * @param sign the signature by a key, as the library writes it
 */
export function isSignedBy (keys: readonly Buffer[], signature: string, sign: (key: Buffer) => string): boolean {
  const given = Buffer.from(signature)
  let isSigned = false
  for (const key of keys) {
    const expected = Buffer.from(sign(key))
    if (expected.length === given.length && timingSafeEqual(expected, given)) isSigned = true
  }
  return isSigned
}

/** The bytes of a base64 text; `null` where the text is not as an encoder writes these bytes. */
export function bytesIn (text: string, encoding: 'base64' | 'base64url' = 'base64'): Buffer | null {
  const bytes = Buffer.from(text, encoding)
  return bytes.toString(encoding) === text ? bytes : null
}
