/** A cookie as Playwright keeps it. */
export interface StoredCookie {
  readonly name: string
  readonly value: string
  readonly domain: string
  readonly path: string
  /** Seconds since the epoch; -1 for a cookie that ends with the browser. */
  readonly expires: number
  readonly httpOnly: boolean
  readonly secure: boolean
  readonly sameSite: 'Lax' | 'Strict' | 'None'
}

/** The state of a browser, as Playwright's `newContext({ storageState })` takes it. */
export interface StorageState {
  readonly cookies: StoredCookie[]
  readonly origins: never[]
}

/**
 * A signed-in browser for end-to-end tests with Playwright, without going through the login page.
 *
 * @param cookie the `Cookie` header that `app.sessions.create()` answers with
 * @param url where the application is served
 * @param attributes those of the cookie that differ from the defaults of the plugin
 * @throws TypeError for a text that is no URL
 * @example
 * const { cookie } = await app.sessions.create({ cart: [] }, { subject: '7' })
 * const context = await browser.newContext({ storageState: storageState(cookie, 'http://localhost:3000') })
 */
export function storageState (
  cookie: string, url: string, attributes: Partial<Pick<StoredCookie, 'path' | 'sameSite' | 'httpOnly'>> = {}
): StorageState {
  const { hostname, protocol } = new URL(url)
  const cookies = cookie.split('; ').map(pair => {
    const at = pair.indexOf('=')
    const name = pair.slice(0, at)
    return {
      name,
      value: pair.slice(at + 1),
      domain: hostname,
      path: '/',
      expires: -1,
      httpOnly: true,
      // Browsers take a cookie with such a name only where it is Secure, and from localhost without TLS too.
      secure: protocol === 'https:' || /^__(?:host|secure)-/i.test(name),
      sameSite: 'Lax' as const,
      ...attributes
    }
  })
  return { cookies, origins: [] }
}
