import type { CookieSettings } from '../config/cookie-settings.ts'
import type { CookieForm } from '../store/registration.ts'
import { isCookieText } from '../record/cookie-text.ts'
import { headerBytes, partName, split } from './chunks.ts'

/** How @fastify/cookie writes a cookie; decides the form of every attribute. */
export type SerializeCookie = (name: string, value: string, attributes: object) => string

/**
 * The `Set-Cookie` lines of one session cookie. Attributes are formatted once, at registration, by @fastify/cookie;
 * what changes per response is concatenated: values are plain cookie text and need no encoding.
 */
export class SetCookieLines implements CookieForm {
  readonly name: string
  readonly #identity: string
  readonly #tails: { readonly plain: string, readonly secure: string }
  readonly #secure: boolean | 'auto'

  constructor ({ secure, ...cookie }: CookieSettings, serialize: SerializeCookie) {
    const { name, ...attributes } = cookie
    const tail = (secure: boolean) => serialize(name, 'x', { ...attributes, secure }).slice(name.length + 2)
    this.name = name
    this.#secure = secure
    this.#tails = { plain: tail(false), secure: tail(true) }
    this.#identity = identityOf(`x${this.#tails.plain}`)
  }

  split (text: string): { values: readonly string[], bytes: number } {
    if (!isCookieText(text)) return { values: [], bytes: NaN }
    const values = split(this.name, text, this.#tails.secure.length + MAX_AGE_BYTES)
    return values === null ? { values: [], bytes: Infinity } : { values, bytes: headerBytes(this.name, values) }
  }

  header (text: string): string {
    return this.split(text).values.map((value, index) => `${partName(this.name, index)}=${value}`).join('; ')
  }

  /**
   * Lines that set these values.
   *
   * @param maxAge whole seconds; `null` for a cookie that ends with the browser
   */
  set (values: readonly string[], maxAge: number | null, isHttps: boolean): string[] {
    const tail = (maxAge === null ? '' : `; Max-Age=${maxAge}`) + this.#tail(isHttps)
    return values.map((value, index) => `${partName(this.name, index)}=${value}${tail}`)
  }

  /** Lines that clear the parts of these indexes, with the attributes they were set with (RFC 6265bis, 5.7). */
  clear (indexes: readonly number[], isHttps: boolean): string[] {
    return indexes.map(index => `${partName(this.name, index)}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT${this.#tail(isHttps)}`)
  }

  /** Existing lines but for those of the same name (any part), domain and path. */
  without (lines: readonly string[]): string[] {
    return lines.filter(line => !this.#isOwn(line))
  }

  #isOwn (line: string): boolean {
    const name = line.slice(0, line.indexOf('=')).trim()
    const isPart = name.startsWith(`${this.name}.`) && /^\.[1-9]$/.test(name.slice(this.name.length))
    return (name === this.name || isPart) && identityOf(line) === this.#identity
  }

  #tail (isHttps: boolean): string {
    return this.#secure === true || (this.#secure === 'auto' && isHttps) ? this.#tails.secure : this.#tails.plain
  }
}

const MAX_AGE_BYTES = '; Max-Age=34560000'.length

/** Domain and path of a line: with the name, what makes two cookies the same one. */
function identityOf (line: string): string {
  const domain = /;\s*domain=\.?([^;]*)/i.exec(line)?.[1] ?? ''
  const path = /;\s*path=([^;]*)/i.exec(line)?.[1] ?? ''
  return `${domain.trim().toLowerCase()};${path.trim()}`
}
