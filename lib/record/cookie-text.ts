/** The most bytes of `Cookie` header for one session in its cookie, where the backend names no limit. */
export const DEFAULT_COOKIE_BYTES = 7_168

/** The pattern of a cookie's name: a token of 256 characters at most (RFC 6265bis, 4.1.1; RFC 9110, 5.6.2). */
export const COOKIE_NAME = '^[!#$%&\'*+\\-.^_`|~0-9A-Za-z]{1,256}$'

/** The start of each part of a split cookie: `count.generation.` (docs/wire-format.md, "Splitting"). */
export const FRAME = /^([2-9])\.([A-Za-z0-9_-]{6})\./

/** The characters of a cookie value (RFC 6265bis, 4.1.1), without those that proxies and parsers quote or escape. */
const COOKIE_TEXT = /^[\w!#$&'()*+\-./:<=>?@[\]^`{|}~]+$/

/** The same, with the percent signs that cookies of other libraries have. */
const ESCAPED_TEXT = /^[\w!#$%&'()*+\-./:<=>?@[\]^`{|}~]+$/

/** Whether text can be the value of a session cookie, or of a part of a split session cookie. */
export function isCookieValue (text: string): boolean { return COOKIE_TEXT.test(text) }

/** Whether text can be the value of a cookie that is made as other libraries make theirs. */
export function isEscapedValue (text: string): boolean { return ESCAPED_TEXT.test(text) }

/** Whether text can be the value of a session cookie. Text that looks like a part of a split cookie cannot. */
export function isCookieText (text: string): boolean {
  return isCookieValue(text) && !FRAME.test(text)
}

/** Whether a browser sends a cookie of a path with requests for another (path-match, RFC 6265bis, 5.1.4). */
export function isWithin (path: string, cookiePath: string): boolean {
  return path === cookiePath || (path.startsWith(cookiePath) && (cookiePath.endsWith('/') || path[cookiePath.length] === '/'))
}
