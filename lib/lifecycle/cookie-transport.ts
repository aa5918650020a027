import type { FastifyBaseLogger, FastifyRequest } from 'fastify'

/** What a request's `Cookie` header says about one session cookie. */
export interface CarriedCookies {
  /** Texts that may be a session, in the header's order. */
  readonly texts: readonly string[]
  /** Indexes of the parts that came along: 0 for `name`, 1 for `name.1` … */
  readonly indexes: readonly number[]
  /** Why there is nothing to try although there were cookies; `null` otherwise. */
  readonly problem: 'oversized' | 'incomplete' | null
}

/** A request without a cookie of ours. */
export const NO_COOKIES: CarriedCookies = Object.freeze({ texts: [], indexes: [], problem: null })

/** How a session's cookie comes from a client and goes back to it. */
export interface Carrier {
  readonly log: FastifyBaseLogger
  readonly request: FastifyRequest | undefined
  readonly carried: CarriedCookies
  /** For messages: which route, or that there is none. */
  readonly place: string
  /** Throws `NotSupportedError` when no cookie can be set any more. */
  assertOpen (): void
  /**
   * @param maxAge whole seconds; `null` for a cookie that ends with the browser
   * @param isExplicit put there by `save` and its kin: raw writes must find it too
   */
  set (values: readonly string[], maxAge: number | null, isExplicit: boolean): void
  clear (isExplicit: boolean): void
}
