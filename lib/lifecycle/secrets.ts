import type { SecretRenewal, SessionMeta, SessionRecord } from '../../types/index.d.ts'
import { FIRST_SECRET } from '../crypto/token-secrets.ts'
import { tokenParts } from '../record/ids.ts'
import { renewalOf } from '../record/record.ts'
import type { Registration } from '../store/registration.ts'
import { type CookieTransport, type Presented, presentedBy } from './cookie.ts'

/*
 * The option `renewSecretEvery`: behind the token, which names the session, the cookie has a secret, which changes. Whoever comes with the
 * current one has it renewed once it is old enough. The secret before is good until the current one comes back, since the answer with the
 * current one may be lost, and for a minute beyond, since requests run side by side; it is answered with the current cookie. What comes
 * back later is a copy: the thief's, or the owner's after the thief went on.
 *
 * A session whose record says nothing of secrets began without the option: then the token alone counts as the current secret, number 0.
 */

/** How long the secret before is good once the current one has come back. No secret is renewed sooner. */
const GRACE_MS = 60_000

/** What the secret in a cookie's text is to the session that its token names. */
export interface Judged {
  /** `null` for a secret that is none of the session's. */
  readonly presented: Presented | null
  /** Whether it opens the session. */
  readonly isGood: boolean
  /** Whether it is the secret right before the current one. */
  readonly isPrevious: boolean
}

/** Judges the secret in a cookie's text; `null` where secrets are not renewed: then the token alone decides. */
export function judge (registration: Registration, text: string, { meta }: SessionRecord): Judged | null {
  const { secrets } = registration
  if (secrets === null) return null
  const renewal = renewalOf(meta)
  const { token, secret } = tokenParts(text)!
  const found = secrets.find(token, secret, renewal.counter)
  if (found === null) return { presented: null, isGood: false, isPrevious: false }
  const at = registration.now()
  const age = renewal.counter - found.counter
  return { presented: { ...found, token, isReported: false, at }, isGood: isGood(renewal, age, at), isPrevious: age === 1 }
}

/** @param age how many secrets came after it; below 0 where the store has lost the record of the last renewal, or a cache not seen it */
function isGood ({ acknowledgedAt, previousAcknowledgedAt }: SecretRenewal, age: number, now: number): boolean {
  if (age <= 0) return true
  if (age === 1) return acknowledgedAt === undefined || now - acknowledgedAt <= GRACE_MS
  return previousAcknowledgedAt !== undefined && now - previousAcknowledgedAt <= GRACE_MS
}

/** Whose write it is that may renew the secret of a session. */
export interface Bearer {
  readonly registration: Registration
  /** Whether the write counts as use, and moves the idle deadline. */
  readonly isUse: boolean
  /** How the session came, and goes back; absent where no cookie of a request names the session. */
  readonly cookies?: CookieTransport
  readonly token?: string | null
}

/**
 * Where the secrets of a session stand after a write: as before, unless the secret that the request came with says more.
 *
 * @param theirs what is stored; `null` for the first write
 */
export function renewalAfter (bearer: Bearer, theirs: SessionRecord | null): SecretRenewal | undefined {
  const { registration: { secrets, settings }, cookies, isUse } = bearer
  const now = bearer.registration.now()
  // Nobody has a secret that was before the first one, and nothing has to come back.
  if (theirs === null) return secrets === null ? undefined : { counter: FIRST_SECRET, renewedAt: now, acknowledgedAt: now }
  const stands = theirs.meta?.renewal
  const presented = presentedBy(bearer)
  if (presented === null || presented.isReported) return stands
  const lifeMs = Math.max(settings.renewSecretEveryMs, GRACE_MS)
  const before = renewalOf(theirs.meta)
  const after = stepped(before, presented.counter, { now, lifeMs, canRenew: cookies!.isOpen && isUse, canSend: cookies!.isOpen })
  return after === before ? stands : after
}

interface Moment {
  readonly now: number
  /** How long a secret is handed out. */
  readonly lifeMs: number
  readonly canRenew: boolean
  readonly canSend: boolean
}

/** Parallel requests that come with one secret are one step: the second finds a secret that is not its own. */
function stepped (renewal: SecretRenewal, presented: number, { now, lifeMs, canRenew, canSend }: Moment): SecretRenewal {
  const { counter, renewedAt, acknowledgedAt } = renewal
  if (presented > counter) return { counter: presented, renewedAt: now, acknowledgedAt: now }
  const age = now - renewedAt
  if (presented === counter) {
    const cameBackAt = acknowledgedAt ?? now
    if (canRenew && age >= lifeMs) return next(counter, cameBackAt, now)
    return acknowledgedAt === undefined ? { ...renewal, acknowledgedAt: now } : renewal
  }
  // Its owner never got the current one, and gets it now: it is as new as at the renewal, and not renewed while answers with it are
  // under way.
  const isHandedOutAnew = presented === counter - 1 && acknowledgedAt === undefined && canSend && age >= lifeMs / 2
  return isHandedOutAnew ? { ...renewal, renewedAt: now } : renewal
}

function next (counter: number, cameBackAt: number, now: number): SecretRenewal {
  // The minute of the secret before is not over.
  const isWithinGrace = now - cameBackAt <= GRACE_MS
  return { counter: counter + 1, renewedAt: now, ...(isWithinGrace && { previousAcknowledgedAt: cameBackAt }) }
}

/** Whether a session is to be written since its secret is to be renewed, or has come back. */
export function isSecretDue (bearer: Bearer, theirs: SessionRecord): boolean {
  return bearer.registration.secrets !== null && renewalAfter(bearer, theirs) !== theirs.meta?.renewal
}

/** The meta of a session whose secrets stand so. */
export function withRenewal (meta: SessionMeta | null, renewal: SecretRenewal | undefined): SessionMeta | null {
  if (meta?.renewal === renewal) return meta
  const { renewal: _, ...others } = meta ?? {}
  if (renewal !== undefined) return { ...others, renewal: Object.freeze(renewal) }
  return Object.keys(others).length === 0 ? null : others
}
