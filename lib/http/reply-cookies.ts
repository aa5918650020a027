import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import type { CarriedCookies, Carrier } from '../lifecycle/cookie-transport.ts'
import type { Core } from '../store/registration.ts'
import { NotSupportedError } from '../errors.ts'
import { forbidStoring } from './caching.ts'
import { carriedCookies } from './cookie-header.ts'
import type { SetCookieLines } from './session-cookie.ts'

/** The cookies of one request and its reply. */
export class ReplyCarrier implements Carrier {
  readonly request: FastifyRequest
  readonly #core: Core
  readonly #lines: SetCookieLines
  readonly #reply: FastifyReply
  #carried: CarriedCookies | undefined
  #hasSet = false
  #pending: readonly string[] | null = null

  constructor (core: Core, lines: SetCookieLines, request: FastifyRequest, reply: FastifyReply) {
    this.#core = core
    this.#lines = lines
    this.request = request
    this.#reply = reply
  }

  get log (): FastifyBaseLogger { return this.request.log }
  get place (): string { return `${this.request.method} ${this.request.routeOptions.url ?? 'an unknown route'}` }

  get carried (): CarriedCookies {
    this.#carried ??= carriedCookies(this.request.raw.headers.cookie, this.#lines.name, this.#core.maxTextBytes)
    return this.#carried
  }

  /** Whether the response head is out, or the connection has become a WebSocket. */
  get isHeadOut (): boolean {
    const { raw, sent } = this.#reply
    return raw.headersSent || (sent && this.request.raw.headers.upgrade?.toLowerCase() === 'websocket')
  }

  assertOpen (): void {
    if (!this.isHeadOut) return
    throw new NotSupportedError('A response whose head is out', 'setting the session cookie', 'save, sign in or regenerate before the response begins')
  }

  set (values: readonly string[], maxAge: number | null, isExplicit: boolean): void {
    if (this.isHeadOut) return
    const lines = this.#lines
    const leftovers = this.carried.indexes.filter(index => index >= values.length)
    this.#warnOfPlainHttp()
    this.#put([...lines.set(values, maxAge, this.#isHttps), ...lines.clear(leftovers, this.#isHttps)], isExplicit)
  }

  clear (isExplicit: boolean): void {
    const { indexes } = this.carried
    if (this.isHeadOut || (indexes.length === 0 && !this.#hasSet)) return
    this.#put(this.#lines.clear(indexes.includes(0) ? indexes : [0, ...indexes], this.#isHttps), isExplicit)
  }

  /** Puts the last cookie on the reply, once it is not held any more. */
  flush (): void {
    if (this.#pending !== null) this.#write(this.#pending, false)
  }

  /** Takes our cookies off the reply again: a failed commit must not hand out a session. */
  retract (): void {
    this.#replace(this.#others(), false)
  }

  get #isHttps (): boolean { return this.request.protocol === 'https' }

  // While a commit at the end is under way the reply is held, and what happens to its headers is undone: also what an
  // operation that nobody waited for puts there. So flush() puts it there (again).
  #put (lines: readonly string[], isExplicit: boolean): void {
    this.#pending = lines
    if (isExplicit) this.#write(lines, true)
  }

  #write (lines: readonly string[], isExplicit: boolean): void {
    this.#hasSet = true
    this.#replace([...this.#others(), ...lines], isExplicit)
    forbidStoring(this.#reply)
    if (isExplicit) this.#reply.raw.setHeader('cache-control', String(this.#reply.getHeader('cache-control')))
  }

  #others (): string[] {
    const present = this.#reply.getHeader('set-cookie') as string | string[] | undefined
    if (present === undefined) return []
    return this.#lines.without(Array.isArray(present) ? present : [String(present)])
  }

  // reply.header() appends to an existing Set-Cookie, so what is there goes first.
  #replace (lines: string[], isExplicit: boolean): void {
    if (this.#reply.hasHeader('set-cookie')) this.#reply.removeHeader('set-cookie')
    if (lines.length === 0) return
    this.#reply.header('set-cookie', lines.length === 1 ? lines[0] : lines)
    // reply.hijack() and raw writes see only what is on the raw response.
    if (isExplicit) this.#reply.raw.setHeader('set-cookie', lines)
  }

  #warnOfPlainHttp (): void {
    const { settings: { cookie }, hasWarnedOfPlainHttp } = this.#core
    if (hasWarnedOfPlainHttp || cookie.secure !== true || this.#isHttps || isLocalhost(this.request.hostname)) return
    this.#core.hasWarnedOfPlainHttp = true
    this.log.warn(`The Secure cookie ${cookie.name} was sent on a plain-http request; browsers ignore it. ` +
      'Behind a proxy that ends TLS set Fastify\'s `trustProxy`; else set `cookie.secure` to \'auto\'')
  }
}

function isLocalhost (hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^127(?:\.\d+){3}$/.test(hostname) || hostname === '[::1]'
}
