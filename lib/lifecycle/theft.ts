import type { Payload } from '../payload/changes.ts'
import type { Stored } from '../payload/codec.ts'
import type { Registration } from '../store/registration.ts'
import type { Flow } from '../tools/flow.ts'
import type { CookieTransport } from './cookie.ts'
import { endSession } from './end.ts'
import { type Judged, judge } from './secrets.ts'

/** A stored session that a cookie of a request names. */
export interface Named {
  readonly token: string
  readonly stored: Stored
  readonly data: Payload
  /** What its secret is worth; `null` where secrets are not renewed. */
  readonly judged: Judged | null
}

/** A session that was named with a secret which does not open it. */
export interface Suspect extends Named { readonly judged: Judged }

export function namedBy (registration: Registration, text: string, stored: Stored, data: Payload): Named {
  return { token: registration.keeping.tokenOf(text), stored, data, judged: judge(registration, text, stored.record) }
}

export function isSuspect (named: Named): named is Suspect { return named.judged?.isGood === false }

/**
 * Reports the sessions of a request that were named with a secret which does not open them (`renewSecretEvery`). Whoever comes with a
 * used-up secret has a copy of the cookie, or somebody else has: the session has two holders. Where `onTheft` says so it ends, and the
 * answer is that to any unknown cookie.
 *
 * @param opened the session of a further cookie: a browser may keep the cookies of two paths, and one of them is left behind
 * @returns the session of the request: `opened`, or one that is served all the same
 */
export function * reportThefts (
  registration: Registration, cookies: CookieTransport, suspects: readonly Suspect[], opened: Named | null
): Flow<Named | null> {
  const isEnding = registration.settings.onTheft === 'end'
  let served: Named | null = null
  for (const suspect of suspects) {
    if (suspect.token === opened?.token) continue
    yield * reportTheft(registration, cookies, suspect, isEnding)
    if (!isEnding && suspect.judged.isPrevious) served ??= reported(suspect)
  }
  return opened ?? served
}

function * reportTheft (registration: Registration, cookies: CookieTransport, suspect: Suspect, isEnding: boolean): Flow<void> {
  const { stored: { record }, judged: { presented } } = suspect
  const { id, subject } = record
  const reason = presented === null ? 'unknown' : 'used-up'
  // First: a store that cannot be written must not hide the theft.
  registration.publish(cookies, 'theft', id, { reason, subject, ...(isEnding && { cause: 'theft' }) })
  if (isEnding) yield * endSession(registration, id, record, { meta: { reason: 'theft' }, request: cookies.request })
}

function reported (suspect: Suspect): Suspect {
  const { judged } = suspect
  return { ...suspect, judged: { ...judged, presented: { ...judged.presented!, isReported: true } } }
}
