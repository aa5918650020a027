import type { FastifyBaseLogger } from 'fastify'
import type { Core } from '../store/registration.ts'
import { NotSupportedError } from '../errors.ts'
import type { CarriedCookies, Carrier } from '../lifecycle/cookie-transport.ts'
import { carriedCookies } from './cookie-header.ts'

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
