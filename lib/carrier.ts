import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { Core } from './core.ts'
import { NotSupportedError } from './errors.ts'
import { type CarriedCookies, carriedCookies } from './http/cookie-header.ts'

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

/** A session outside a request: read from a `Cookie` header, without a response to put a cookie on. */
export class DetachedCarrier implements Carrier {
  readonly log: FastifyBaseLogger
  readonly request = undefined
  readonly carried: CarriedCookies
  readonly place = 'outside a request'

  constructor (core: Core, log: FastifyBaseLogger, header: string | undefined) {
    this.log = log
    this.carried = carriedCookies(header, core.lines.name, core.maxTextBytes)
  }

  assertOpen (): void {
    throw new NotSupportedError('A session opened outside a request', 'setting a cookie', 'there is no response to put it on; do this in a request')
  }

  // Only asked for cookies that are a courtesy (a new Max-Age): the session works without.
  set (): void {}
  clear (): void {}
}
