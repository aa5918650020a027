import type { SessionBackend } from '../../../types/index.d.ts'
import { InvalidOptionsError } from '../../errors.ts'
import { hasMethods, unexpected } from '../../tools/check-options.ts'
import { backendOptionsCheck } from '../conventions.ts'

/** Which step of a migration this is: one of both. */
export interface MigratingBackendOptions {
  /** Step one: the new backend. Sessions stay where they are, and are found in both. */
  also?: SessionBackend
  /** Step two: the old backend. What is written moves to the new one. */
  from?: SessionBackend
}

const EXPECTED = 'a session backend with the methods read, write and remove'
const CACHE_IN_FRONT = 'put the cache in front: new CachedBackend(new MigratingBackend(…))'
const TO_MOVE_COOKIES = 'a session in its cookie moves by `migrateFrom: [fromBackend(new CookieBackend(), …)]`'

const checkOptions = backendOptionsCheck({ also: { description: EXPECTED }, from: { description: EXPECTED } })

/**
 * @returns the backends in their roles
 * @throws InvalidOptionsError for no step or both, for what is no backend, and for backends between which nothing can move
 */
export function rolesOf (current: SessionBackend, options: MigratingBackendOptions): { old: SessionBackend, next: SessionBackend } {
  checkOptions(options, 'options')
  const { also, from } = options
  if ((also === undefined) === (from === undefined)) {
    throw new InvalidOptionsError('Expected `options` to have `also` (step one) or `from` (step two), and not both')
  }
  const [name, other] = also === undefined ? ['from', from!] : ['also', also]
  for (const [path, backend] of [['current', current], [`options.${name}`, other]] as const) assertMovable(path, backend)
  if (current === other) throw unexpected(`options.${name}`, 'a different backend', other, 'a backend cannot move to itself')
  return also === undefined ? { old: other, next: current } : { old: current, next: other }
}

function assertMovable (path: string, backend: SessionBackend): void {
  if (!hasMethods(backend, ['read', 'write', 'remove'])) throw unexpected(path, EXPECTED, backend)
  if (backend.selfContained === true) throw unexpected(path, 'a backend that keeps sessions on a server', backend, TO_MOVE_COOKIES)
  if (backend.readFresh !== undefined) throw unexpected(path, 'a backend without a cache', backend, CACHE_IN_FRONT)
  if (backend.cookies === undefined) return
  const remedy = 'a store with `layout` holds the ids of Express: move in with `migrateFrom`'
  throw unexpected(path, 'a backend with ids of this library', backend, remedy)
}
