import type { CookieOptions, SessionOptions } from '../../types/index.d.ts'
import { MAIN_PROPERTY } from '../backends/conventions.ts'
import { unexpected } from '../tools/check-options.ts'

/** Attributes without a default: absent means that `Set-Cookie` leaves them out. */
type Optional = 'domain' | 'priority'

/** The attributes of the session cookie, complete. */
export type CookieSettings =
  Required<Omit<CookieOptions, Optional | 'persistent' | 'secure'>> & Pick<CookieOptions, Optional> & { readonly secure: boolean }

/** The session cookie on the requests of each scheme: one and the same, unless `secure` is `'auto'`. */
export interface SchemeCookies {
  readonly cookie: Readonly<CookieSettings>
  /** The cookie on requests over plain http. */
  readonly plainCookie: Readonly<CookieSettings>
  /** Whether the application has named the cookie. */
  readonly isCookieNamed: boolean
}

/** What the application asks for: `'auto'` does not count as secure where browsers require Secure. */
type Asked = Omit<CookieSettings, 'secure'> & { readonly secure: boolean | 'auto' }

/** A combination of attributes with which browsers refuse the cookie in silence, so that no session would last. */
interface Conflict {
  readonly when: (cookie: Asked, prefix: string) => boolean
  readonly path: 'name' | 'secure' | 'httpOnly'
  readonly expected: (prefix: string) => string
  readonly remedy?: string
}

/** Browsers compare the prefixes of names without regard to case. */
const PREFIX = /^__(?:host-http|host|http|secure)-/i

/** In the order in which they are reported. */
const CONFLICTS: readonly Conflict[] = [
  // Prefixes: RFC 6265bis, 4.1.3, and `__Http-` and `__Host-Http-`, which browsers added later.
  {
    when: ({ secure }, prefix) => prefix !== '' && secure !== true,
    path: 'secure',
    expected: prefix => `true where the name begins with ${prefix}`,
    remedy: 'choose another name, or true'
  },
  {
    when: ({ httpOnly }, prefix) => /http-$/i.test(prefix) && !httpOnly,
    path: 'httpOnly',
    expected: prefix => `true where the name begins with ${prefix}`,
    remedy: 'choose another name, or true'
  },
  {
    when: (cookie, prefix) => /^__host-/i.test(prefix) && !isHostOnly(cookie),
    path: 'name',
    expected: () => 'without the prefix __Host- where a path other than / or a domain is set'
  },
  // RFC 6265bis, 5.7.
  {
    when: ({ sameSite, secure }) => sameSite === 'none' && secure !== true,
    path: 'secure',
    expected: () => 'true where `cookie.sameSite` is \'none\'',
    remedy: 'browsers refuse the cookie otherwise'
  },
  {
    when: ({ partitioned, secure }) => partitioned && secure !== true,
    path: 'secure',
    expected: () => 'true where `cookie.partitioned` is true',
    remedy: 'browsers refuse the cookie otherwise'
  }
]

/**
 * The cookie options, completed and frozen. Without a `name` the cookie is named after the property, with `__Host-` where
 * browsers accept the prefix (docs/security.md C081): with `secure: 'auto'`, on https requests.
 *
 * @throws InvalidOptionsError for a combination that browsers refuse
 */
export function cookieSettings ({ cookie: options = {}, property = MAIN_PROPERTY }: SessionOptions): SchemeCookies {
  const { path = '/', domain, secure = true, httpOnly = true, sameSite = 'lax', partitioned = false, priority } = options
  const complete = (isSecure: boolean): Readonly<CookieSettings> => Object.freeze({
    name: options.name ?? (isSecure && isHostOnly({ path, domain }) ? `__Host-${property}` : property),
    path,
    secure: isSecure,
    httpOnly,
    sameSite,
    partitioned,
    ...(domain === undefined ? {} : { domain }),
    ...(priority === undefined ? {} : { priority })
  })
  const cookie = complete(secure !== false)
  assertAccepted({ ...cookie, secure }, options.name ?? property)
  return { cookie, plainCookie: secure === 'auto' ? complete(false) : cookie, isCookieNamed: options.name !== undefined }
}

function assertAccepted (cookie: Asked, givenName: string): void {
  const prefix = PREFIX.exec(givenName)?.[0] ?? ''
  for (const { when, path, expected, remedy } of CONFLICTS) {
    if (when(cookie, prefix)) throw unexpected(`cookie.${path}`, expected(prefix), cookie[path], remedy)
  }
}

/** Whether path and domain are those that browsers require of the prefix `__Host-`: the cookie then comes from this very host. */
function isHostOnly ({ path, domain }: { path: string, domain?: string | undefined }): boolean {
  return path === '/' && domain === undefined
}
