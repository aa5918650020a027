import type { FastifyBaseLogger } from 'fastify'
import type { Base, Core, Examined } from '../store/registration.ts'
import type { Flow } from '../tools/flow.ts'
import type { CarriedCookies } from './cookie-transport.ts'
import { idOfToken, isToken } from '../record/ids.ts'

/** A session that a request's cookie stands for. */
export interface Found {
  readonly token: string
  readonly base: Examined
}

/**
 * Finds the session of a request: the first of its cookies that is valid. Anything else is no session, never an error
 * and never adopted; one `rejected` event says why. Only a backend that fails throws.
 */
export function * findSession (core: Core, carried: CarriedCookies, log: FastifyBaseLogger): Flow<Found | null> {
  if (carried.indexes.length === 0) return null
  let reason: string = carried.problem ?? 'malformed'
  let id: string | null = null
  for (const token of carried.texts) {
    if (!isPossible(core, token)) continue
    const key = core.isSelfContained ? token : idOfToken(core.settings.property, token)
    const answer = yield * core.call('read', () => core.backend.read(key))
    const found = core.examine(answer, core.isSelfContained ? null : key)
    if (typeof found !== 'string') {
      core.publish(log, 'loaded', found.record.id)
      return { token, base: found }
    }
    reason = found
    id = core.isSelfContained ? null : key
    if (reason === 'expired') core.publish(log, 'expired', (answer as Base['record']).id)
  }
  core.publish(log, 'rejected', id, reason)
  return null
}

// Length, alphabet and shape are checked before the backend hears of it (ASVS 1.2.4; C008).
function isPossible (core: Core, token: string): boolean {
  return core.isSelfContained || isToken(token)
}
