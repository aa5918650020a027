import type { FastifyBaseLogger } from 'fastify'
import { NotSupportedError } from '../errors.ts'
import type { CarriedCookies, CookieTransport, Presented } from '../lifecycle/cookie.ts'
import type { Registration } from '../store/registration.ts'
import { carriedCookies } from './cookie-header.ts'
import { HeaderCookies } from './foreign-cookies.ts'
import type { SessionCookie } from './session-cookie.ts'

/** Session cookies outside a request: read from a `Cookie` header, without a response to put a cookie on. */
export class DetachedCookies implements CookieTransport {
  readonly log: FastifyBaseLogger
  readonly request = undefined
  readonly carried: CarriedCookies
  readonly foreign: HeaderCookies
  readonly isOutside = false
  readonly isOpen = false
  readonly place = 'outside a request'
  presented: Presented | null = null

  constructor ({ keeping }: Registration, cookie: SessionCookie, log: FastifyBaseLogger, header: string | undefined) {
    this.log = log
    this.foreign = new HeaderCookies(header)
    this.carried = carriedCookies(header, cookie.name, keeping.maxTextBytes, keeping.mayBeEscaped)
  }

  assertOpen (): void {
    const remedy = 'there is no response to put it on; do this in a request'
    throw new NotSupportedError('A session opened outside a request', 'setting a cookie', remedy)
  }

  // Called for cookies which are a courtesy only (a new Max-Age): the session works without them.
  set (): void {}
  vary (): void {}
  clear (): void {}
}
