import type { SessionOptions } from '../../types/index.d.ts'
import { InvalidOptionsError } from '../errors.ts'
import { SECRET_RECIPE, unexpected } from '../tools/check-options.ts'

const MIN_SECRET_BYTES = 32

/**
 * The option `secret` as bytes: none, one or several.
 *
 * @throws InvalidOptionsError
 */
export function secretsOf (secret: SessionOptions['secret']): readonly Buffer[] {
  if (secret === undefined) return []
  if (!Array.isArray(secret)) return Object.freeze([secretBytes(secret, 'secret')])
  if (secret.length === 0) throw unexpected('secret', 'at least one secret', secret)
  // Not `secret.map()`, which passes over holes of the array: a hole is a missing secret, and is refused.
  return Object.freeze(Array.from(secret, (entry, index) => secretBytes(entry, `secret.${index}`)))
}

function secretBytes (secret: unknown, path: string): Buffer {
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array)) {
    throw unexpected(path, 'a string or Buffer of at least 32 bytes', secret)
  }
  const bytes = Buffer.from(secret as string)
  if (bytes.length >= MIN_SECRET_BYTES) return bytes
  throw new InvalidOptionsError(`Expected \`${path}\` to have at least 32 bytes, got ${bytes.length}; make one with ${SECRET_RECIPE}`)
}
