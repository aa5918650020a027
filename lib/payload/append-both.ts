import { isDeepStrictEqual } from 'node:util'
import type { SessionConflict } from '../../types/index.d.ts'

/**
 * For the option `onConflict`: two arrays that are the base and a tail each become the base and both tails, the tail that was
 * stored first in front. Where the base is absent, each array is a tail. Of anything else the later commit wins, as with `'merge'`.
 *
 * @example
 * await app.register(sessions, { backend: new RedisBackend(redis), onConflict: appendBoth })
 */
export function appendBoth ({ base = [], mine, theirs }: SessionConflict): unknown {
  if (!Array.isArray(base) || !startsWith(mine, base) || !startsWith(theirs, base)) return mine
  return [...theirs, ...mine.slice(base.length)]
}

function startsWith (value: unknown, base: readonly unknown[]): value is unknown[] {
  return Array.isArray(value) && value.length >= base.length && base.every((item, index) => isDeepStrictEqual(item, value[index]))
}
