import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { ForeignCookies } from '../../types/index.d.ts'
import type { Stored } from '../payload/codec.ts'
import { lifetimeOf } from '../record/lifetime.ts'
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
interface CookieSource {
  readonly registration: Registration
  readonly cookies: CookieTransport
  readonly base: Stored | null
  readonly token: string | null
}

/** Puts the cookie of the stored session on the reply. */
export function sendCookie ({ registration, cookies, base, token }: CookieSource, isExplicit: boolean): void {
  const { expiresAt, policy } = base!.record
  const { persistent } = lifetimeOf(policy, registration.settings.lifetime)
  const seconds = Math.min(Math.ceil((expiresAt - registration.now()) / 1_000), MAX_AGE)
  cookies.set(token!, persistent ? seconds : null, isExplicit)
}

/**
 * A cookie which outlives the browser follows the deadline. A cookie which ends with the browser is not sent again, unless it has to
 * take the place of a cookie which outlives the browser.
 *
 * @param before the session as it was when the browser got its cookie
 */
export function sendCookieIfPersistent (source: CookieSource, before: Stored, isExplicit: boolean): void {
  const { lifetime } = source.registration.settings
  const isPersistent = ({ record }: Stored): boolean => lifetimeOf(record.policy, lifetime).persistent
  if (isPersistent(before) || isPersistent(source.base!)) sendCookie(source, isExplicit)
}
