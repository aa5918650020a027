import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { ForeignCookies, Instant } from '../../types/index.d.ts'
import type { FoundSecret } from '../crypto/token-secrets.ts'
import type { Stored } from '../payload/codec.ts'
import { lifetimeOf } from '../record/lifetime.ts'
import { renewalOf } from '../record/record.ts'
import type { Registration } from '../store/registration.ts'

/** Browsers keep no cookie for longer than 400 days (RFC 6265bis, 5.5). In seconds. */
const MAX_AGE = 34_560_000

/** A request's `Cookie` header, as far as it is about a session cookie. */
export interface CarriedCookies {
  /** Texts which may be a session, in the header's order. */
  readonly texts: readonly string[]
  /** The numbers of the parts which came along: 0 for `name`, 1 for `name.1` … */
  readonly indexes: readonly number[]
  /** Why there is no text to try although there were cookies; `null` otherwise. */
  readonly problem: 'oversized' | 'incomplete' | null
}

/** A request without a cookie of ours. */
export const NO_COOKIES: CarriedCookies = Object.freeze({ texts: [], indexes: [], problem: null })

/** The secret that the cookie of a request's session came with (`renewSecretEvery`). */
export interface Presented extends FoundSecret {
  readonly token: string
  /** Whether it was used up, and is served all the same (`onTheft: 'report'`): such a copy gets no cookie. */
  readonly isReported: boolean
  readonly at: Instant
}

/** How a session's cookie comes from a client and goes back to the client; http/ implements it. */
export interface CookieTransport {
  readonly log: FastifyBaseLogger
  readonly request: FastifyRequest | undefined
  readonly carried: CarriedCookies
  /** All cookies of the request, for readers of other libraries' sessions. */
  readonly foreign: ForeignCookies
  /** Whether the request is for a path to which browsers do not send the cookie: then it has no session. */
  readonly isOutside: boolean
  /** For messages: the route, or the fact that there is none. */
  readonly place: string
  /** The secret that the session's cookie came with, once the session is loaded; `null` where secrets are not renewed. */
  presented: Presented | null
  /** Whether a cookie can be set: neither outside a request nor once the head is out. */
  readonly isOpen: boolean
  /** Throws `NotSupportedError` when no cookie can be set any more. */
  assertOpen (): void
  /**
   * @param maxAge whole seconds; `null` for a cookie which ends with the browser
   * @param isExplicit whether the application asked for the cookie (`save()`, `login()` …): then raw writes must find it too
   */
  set (token: string, maxAge: number | null, isExplicit: boolean): void
  clear (isExplicit: boolean): void
  /** Says on the raw response too that the answer depends on the cookie, for replies that are hijacked. */
  vary (): void
}

/** A stored session, and the way to its browser. */
export interface CookieSource {
  readonly registration: Registration
  readonly cookies: CookieTransport
  readonly base: Stored | null
  readonly token: string | null
}

/** Puts the cookie of the stored session on the reply. */
export function sendCookie ({ registration, cookies, base, token }: CookieSource, isExplicit: boolean): void {
  const { record } = base!
  const { expiresAt, policy } = record
  const { persistent } = lifetimeOf(policy, registration.settings.lifetime)
  const seconds = Math.min(Math.ceil((expiresAt - registration.now()) / 1_000), MAX_AGE)
  cookies.set(registration.keeping.textOf(token!, record), persistent ? seconds : null, isExplicit)
}

/** The secret that a session came with; `null` after a new id too. */
export function presentedBy ({ cookies, token }: PresentedTo): Presented | null {
  const presented = cookies?.presented ?? null
  return presented?.token === token ? presented : null
}

/** What may have come with a cookie. */
type PresentedTo = { readonly [Name in 'cookies' | 'token']?: CookieSource[Name] }

/** Whether the browser's cookie has another secret than the session has by now, or one that was made with an old `secret`. */
function isOutdated (presented: Presented | null, { record: { meta } }: Stored): boolean {
  if (presented === null || presented.isReported) return false
  return presented.isStale || presented.counter !== renewalOf(meta).counter
}

/** So long after its load, a request that has stored nothing may know a secret of before, which must not replace a later one. */
const MOST_AGE_MS = 30_000

/** Whoever came with another secret than the current one gets that, also where nothing is stored. */
export function sendCookieIfOutdated (source: CookieSource, isExplicit: boolean): void {
  const presented = presentedBy(source)
  if (!isOutdated(presented, source.base!)) return
  if (source.registration.now() - presented!.at < MOST_AGE_MS) sendCookie(source, isExplicit)
}

/**
 * A cookie which outlives the browser follows the deadline. A cookie which ends with the browser is not sent again, unless it has to
 * take the place of a cookie which outlives the browser, or of a cookie with another secret.
 *
 * @param before the session as it was when the browser got its cookie
 */
export function sendCookieIfPersistent (source: CookieSource, before: Stored, isExplicit: boolean): void {
  const presented = presentedBy(source)
  if (presented?.isReported === true) return
  const { lifetime } = source.registration.settings
  const isPersistent = ({ record }: Stored): boolean => lifetimeOf(record.policy, lifetime).persistent
  if (isOutdated(presented, source.base!) || isPersistent(before) || isPersistent(source.base!)) sendCookie(source, isExplicit)
}
