import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify'
import { NotSupportedError } from '../errors.ts'
import type { CarriedCookies, CookieTransport, Presented } from '../lifecycle/cookie.ts'
import { isWithin } from '../record/cookie-text.ts'
import type { Registration } from '../store/registration.ts'
import { forbidStoring, withMember } from './caching.ts'
import { carriedCookies } from './cookie-header.ts'
import { clearingLines, HeaderCookies } from './foreign-cookies.ts'
import { isHeld } from './hold.ts'
import { isHttps } from './scheme.ts'
import type { SessionCookie } from './session-cookie.ts'

/** The session cookies of a request and its reply. */
export class ReplyCookies implements CookieTransport {
  readonly request: FastifyRequest
  presented: Presented | null = null
  readonly #registration: Registration
  readonly #cookie: SessionCookie
  readonly #reply: FastifyReply
  #carried: CarriedCookies | undefined
  #foreign: HeaderCookies | undefined
  #foreignLines: readonly string[] | undefined
  #hasSet = false
  #pending: readonly string[] | null = null

  constructor (registration: Registration, cookie: SessionCookie, request: FastifyRequest, reply: FastifyReply) {
    this.request = request
    this.#registration = registration
    this.#cookie = cookie
    this.#reply = reply
  }

  get log (): FastifyBaseLogger { return this.request.log }
  get place (): string { return `${this.request.method} ${this.request.routeOptions.url ?? 'an unknown route'}` }

  get isOutside (): boolean {
    const { path } = this.#registration.settings.cookie
    return path !== '/' && !isWithin(this.request.originalUrl.split('?', 1)[0]!, path)
  }

  get carried (): CarriedCookies {
    const { maxTextBytes, mayBeEscaped } = this.#registration.keeping
    this.#carried ??= carriedCookies(this.request.raw.headers.cookie, this.#cookie.name, maxTextBytes, mayBeEscaped)
    return this.#carried
  }

  get foreign (): HeaderCookies {
    this.#foreign ??= new HeaderCookies(this.request.raw.headers.cookie)
    return this.#foreign
  }

  /** Whether the response head is out, or the connection has become a WebSocket. */
  get isHeadOut (): boolean {
    const { raw, sent } = this.#reply
    if (raw.headersSent) return true
    // A client may ask for an upgrade where nothing upgrades: then the reply is only held for the commit.
    return sent && !isHeld(this.#reply) && this.request.raw.headers.upgrade?.toLowerCase() === 'websocket'
  }

  get isOpen (): boolean { return !this.isHeadOut }

  assertOpen (): void {
    if (!this.isHeadOut) return
    const remedy = 'save, sign in or regenerate before the response begins'
    throw new NotSupportedError('A response whose head is out', 'setting the session cookie', remedy)
  }

  set (token: string, maxAge: number | null, isExplicit: boolean): void {
    if (this.isHeadOut) return
    const values = this.#cookie.split(token)
    const leftovers = this.carried.indexes.filter(index => index >= values.length)
    if (this.#cookie.warnsOfPlainHttp && !isHttps(this.request) && this.#isRefusedOnHttp) {
      this.#cookie.warnOfPlainHttp(text => { this.#registration.warn(this.log, 'plain-http', text) })
    }
    this.#put([...this.#cookie.set(values, maxAge), ...this.#cookie.clear(leftovers), ...this.#clearsForeign], isExplicit)
  }

  clear (isExplicit: boolean): void {
    const { indexes } = this.carried
    if (this.isHeadOut) return
    const hasOwn = indexes.length > 0 || this.#hasSet
    const own = hasOwn ? this.#cookie.clear(indexes.includes(0) ? indexes : [0, ...indexes]) : []
    const lines = [...own, ...this.#clearsForeign]
    if (lines.length > 0) this.#put(lines, isExplicit)
  }

  vary (): void {
    const { raw } = this.#reply
    if (raw.headersSent) return
    raw.setHeader('vary', withMember(raw.getHeader('vary') ?? this.#reply.getHeader('vary'), 'Cookie'))
  }

  /** Puts the last cookie on the reply, once the reply is not held any more. */
  flush (): void {
    if (this.#pending !== null) this.#write(this.#pending)
  }

  /** Takes our cookies off the reply again: a failed commit must not hand out a session. */
  retract (): void {
    this.#replace(this.#others())
  }

  /** Browsers take a Secure cookie from localhost, all but Safari. */
  get #isRefusedOnHttp (): boolean {
    const { hostname, headers } = this.request
    return !isLocalhost(hostname) || isSafari(String(headers['user-agent']))
  }

  // While the commit at the end is under way the reply is held, and changes of its headers are undone: also the cookie of
  // an operation which the handler did not wait for. So flush() puts the last cookie there again.
  #put (lines: readonly string[], isExplicit: boolean): void {
    this.#pending = lines
    if (!isExplicit) return
    this.#write(lines)
    // reply.hijack() and raw writes see only headers of the raw response.
    const { raw } = this.#reply
    raw.setHeader('set-cookie', [this.#reply.getHeader('set-cookie') as string | string[]].flat())
    raw.setHeader('cache-control', this.#reply.getHeader('cache-control') as string)
  }

  #write (lines: readonly string[]): void {
    this.#hasSet = true
    this.#replace([...this.#others(), ...lines])
    forbidStoring(this.#reply)
  }

  #others (): string[] {
    const present = this.#reply.getHeader('set-cookie') as string | string[] | undefined
    if (present === undefined) return []
    const others = this.#cookie.without(Array.isArray(present) ? present : [String(present)])
    return this.#foreignLines === undefined ? others : others.filter(line => !this.#foreignLines!.includes(line))
  }

  /** Lines which clear the cookies of other libraries that the request has, where their readers say so. */
  get #clearsForeign (): readonly string[] {
    const clearing = this.#registration.readers.filter(({ clear }) => clear === true)
    this.#foreignLines ??= clearing.flatMap(reader => clearingLines(reader, this.foreign))
    return this.#foreignLines
  }

  // reply.header() appends to an existing Set-Cookie, so the lines which are there go first.
  #replace (lines: string[]): void {
    this.#reply.removeHeader('set-cookie')
    if (lines.length === 0) return
    this.#reply.header('set-cookie', lines.length === 1 ? lines[0] : lines)
  }
}

/** Other browsers name Safari too, beside themselves. */
function isSafari (userAgent: string): boolean {
  return /\bVersion\/[\d.]+ .*\bSafari\//.test(userAgent) && !/\b(?:Chrome|Chromium|Android)\b/.test(userAgent)
}

function isLocalhost (hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^127(?:\.\d+){3}$/.test(hostname) || hostname === '[::1]'
}
