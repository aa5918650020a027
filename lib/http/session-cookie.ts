import type { CookieSettings } from '../config/cookie-settings.ts'
import { isPartOf } from '../config/neighbours.ts'
import { headerBytes, partName, split } from './chunks.ts'

/** How @fastify/cookie writes a cookie, attributes included. */
export type SerializeCookie = (name: string, value: string, attributes: object) => string

/**
 * A session's text as the values of the cookies `name`, `name.1` …, and the `Set-Cookie` lines for them. A registration has one such
 * cookie, or with `secure: 'auto'` one for each scheme.
 * @fastify/cookie formats the attributes once, at registration. Values are plain cookie text and need no encoding.
 */
export class SessionCookie {
  readonly name: string
  readonly #identity: string
  readonly #tail: string
  readonly #isSecure: boolean
  #hasWarnedOfPlainHttp = false

  constructor ({ name, ...attributes }: CookieSettings, serialize: SerializeCookie) {
    this.name = name
    this.#isSecure = attributes.secure
    this.#tail = serialize(name, 'x', attributes).slice(name.length + 2)
    this.#identity = identityOf(`x${this.#tail}`)
  }

  /** The values of `name`, `name.1` … for a text; none where no number of cookies can hold the text. */
  split (text: string): readonly string[] {
    return split(this.name, text, this.#tail.length + MAX_AGE_BYTES) ?? []
  }

  /** The bytes of `Cookie` header for a text, over all parts; `Infinity` where no number of cookies can hold the text. */
  headerBytes (text: string): number {
    const values = this.split(text)
    return values.length === 0 ? Infinity : headerBytes(this.name, values)
  }

  /** The bytes of the only cookie for a text, with its attributes, as browsers count them. */
  unsplitBytes (text: string): number { return this.name.length + 1 + text.length + this.#tail.length + MAX_AGE_BYTES }

  /** The `Cookie` header which a browser would send for a text. */
  header (text: string): string {
    return this.split(text).map((value, index) => `${partName(this.name, index)}=${value}`).join('; ')
  }

  /** Whether to warn of plain http: browsers ignore a Secure cookie there, so that signing in seems to do nothing. */
  get warnsOfPlainHttp (): boolean { return this.#isSecure && !this.#hasWarnedOfPlainHttp }

  /** Warns, and never again. */
  warnOfPlainHttp (warn: (text: string) => void): void {
    this.#hasWarnedOfPlainHttp = true
    warn(`The Secure cookie ${this.name} was sent on a plain-http request; browsers ignore it. ` +
      'Behind a proxy that ends TLS set Fastify\'s `trustProxy`; else set `cookie.secure` to \'auto\'')
  }

  /**
   * Lines which set these values.
   *
   * @param maxAge whole seconds; `null` for a cookie which ends with the browser
   */
  set (values: readonly string[], maxAge: number | null): string[] {
    const tail = (maxAge === null ? '' : `; Max-Age=${maxAge}`) + this.#tail
    return values.map((value, index) => `${partName(this.name, index)}=${value}${tail}`)
  }

  /** Lines which clear these parts, with the attributes of the lines which set them (RFC 6265bis, 5.7). */
  clear (indexes: readonly number[]): string[] {
    const tail = `=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${this.#tail}`
    return indexes.map(index => partName(this.name, index) + tail)
  }

  /** The lines which set other cookies: with a different name (of any part), domain or path. */
  without (lines: readonly string[]): string[] {
    return lines.filter(line => !this.#isOwn(line))
  }

  #isOwn (line: string): boolean {
    const name = line.slice(0, line.indexOf('=')).trim()
    return isPartOf(this.name, name) && identityOf(line) === this.#identity
  }
}

const MAX_AGE_BYTES = '; Max-Age=34560000'.length

/** Domain and path of a line. With the name they tell whether two lines are about the same cookie. */
function identityOf (line: string): string {
  const domain = /;\s*domain=\.?([^;]*)/i.exec(line)?.[1] ?? ''
  const path = /;\s*path=([^;]*)/i.exec(line)?.[1] ?? ''
  return `${domain.trim().toLowerCase()};${path.trim()}`
}
