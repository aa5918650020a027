import { isWithin } from '../record/cookie-text.ts'

/** The part of a Fastify application that a jar uses. */
export interface Injectable {
  inject (options: any): PromiseLike<any>
}

/** What `app.inject()` takes, without a callback. */
export type InjectRequest = string | { url?: string | object, path?: string | object, headers?: object, [option: string]: unknown }

interface Cookie {
  readonly name: string
  readonly value: string
  readonly path: string
  /** Milliseconds since the epoch; `Infinity` for a cookie that ends with the browser. */
  readonly expiresAt: number
}

/**
 * Sends requests to an application by `app.inject()`, and keeps cookies in between as a browser does: by name and path, until their
 * deadline. Domains play no part, and Secure cookies are sent.
 *
 * @example
 * const jar = new CookieJar(app)
 * await jar.inject({ method: 'POST', url: '/login', payload: { name: 'ada' } })
 * const page = await jar.inject('/account')   // signed in
 */
export class CookieJar<App extends Injectable = Injectable> {
  readonly #app: App
  readonly #now: () => number
  #cookies: readonly Cookie[] = []

  /** @param options `now`: the clock which deadlines are compared with, in milliseconds. @default Date.now */
  constructor (app: App, { now = Date.now }: { now?: () => number } = {}) {
    this.#app = app
    this.#now = now
  }

  /** The `Cookie` header for a path; the empty text where there is no cookie. */
  header (path = '/'): string {
    const now = this.#now()
    // The longer path comes first (RFC 6265bis, 5.8.3).
    const fitting = this.#cookies.filter(cookie => cookie.expiresAt > now && isWithin(path, cookie.path))
    return fitting.sort((a, b) => b.path.length - a.path.length).map(({ name, value }) => `${name}=${value}`).join('; ')
  }

  /** Keeps the cookies of a `Cookie` header, such as that of `app.sessions.create()`. */
  add (header: string): this {
    for (const pair of header.split(';')) this.#keep({ ...named(pair), path: '/', expiresAt: Infinity })
    return this
  }

  /** Forgets all cookies, as a new browser. */
  clear (): void { this.#cookies = [] }

  /** Sends a request with the cookies of the jar, and keeps those of the answer. Cookies of the request's own headers come first. */
  async inject (request: InjectRequest): Promise<Awaited<ReturnType<App['inject']>>> {
    const options = typeof request === 'string' ? { url: request } : request
    const path = pathOf(options.url ?? options.path ?? '/')
    const headers = Object.fromEntries(Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value as unknown]))
    const cookie = [headers['cookie'], this.header(path)].filter(Boolean).join('; ')
    const response = await this.#app.inject({ ...options, headers: { ...headers, ...(cookie !== '' && { cookie }) } })
    for (const line of [response.headers['set-cookie'] ?? []].flat() as string[]) this.#set(line, path)
    return response
  }

  #set (line: string, requestPath: string): void {
    const [pair = '', ...parts] = line.split(';')
    const attributes = new Map(parts.map(part => {
      const { name, value } = named(part)
      return [name.toLowerCase(), value]
    }))
    const path = attributes.get('path') ?? ''
    this.#keep({
      ...named(pair),
      path: path.startsWith('/') ? path : requestPath.slice(0, Math.max(1, requestPath.lastIndexOf('/'))),
      expiresAt: this.#deadline(attributes)
    })
  }

  /** Max-Age comes before Expires (RFC 6265bis, 5.7). */
  #deadline (attributes: ReadonlyMap<string, string>): number {
    const [maxAge, expires] = [attributes.get('max-age'), attributes.get('expires')]
    if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Number(maxAge) <= 0 ? -Infinity : this.#now() + Number(maxAge) * 1_000
    const instant = expires === undefined ? NaN : Date.parse(expires)
    return Number.isNaN(instant) ? Infinity : instant
  }

  #keep (cookie: Cookie): void {
    if (cookie.name === '') return
    const others = this.#cookies.filter(({ name, path }) => name !== cookie.name || path !== cookie.path)
    this.#cookies = cookie.expiresAt > this.#now() ? [...others, cookie] : others
  }
}

function named (pair: string): { name: string, value: string } {
  const [name = '', ...value] = pair.split('=')
  return { name: name.trim(), value: value.join('=').trim() }
}

/** The path of a URL, as `app.inject()` takes it: a text, or an object with a pathname. */
function pathOf (url: string | object): string {
  const text = typeof url === 'string' ? url : (url as { pathname?: string }).pathname ?? '/'
  return new URL(text, 'http://localhost').pathname
}
