import type { FastifyBaseLogger } from 'fastify'
import { SECRET_RECIPE, unexpected } from '../tools/check-options.ts'

/** What the secrets of this library have at least. */
const SAFE_BYTES = 32

/**
 * The secrets of another library, which may be as short as that library takes them.
 *
 * @param path the name of the option, for messages
 * @throws InvalidOptionsError for a value that is no secret, or no list of secrets
 */
export function foreignSecrets (path: string, given: unknown): readonly Buffer[] {
  const list: unknown[] = Array.isArray(given) ? Array.from(given) : [given]
  const isSecret = (value: unknown): boolean => (typeof value === 'string' || value instanceof Uint8Array) && value.length > 0
  if (list.length > 0 && list.every(isSecret)) return Object.freeze(list.map(secret => Buffer.from(secret as string)))
  throw unexpected(path, 'a string or Buffer that is not empty, or an array of them', given, 'the secret of the other application')
}

/** Says that whoever gets hold of a cookie can try secrets at home. */
export function warnOfShortSecrets (path: string, secrets: readonly Buffer[], log: FastifyBaseLogger | undefined): void {
  const shortest = Math.min(...secrets.map(({ length }) => length))
  if (shortest >= SAFE_BYTES) return
  log?.warn(`\`${path}\` has a secret of ${shortest} bytes, which can be guessed from any cookie; at least ${SAFE_BYTES} random bytes ` +
    `are safe, on both sides: ${SECRET_RECIPE}`)
}
