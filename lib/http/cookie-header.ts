import { type CarriedCookies, NO_COOKIES } from '../lifecycle/cookie.ts'
import { isCookieText, isCookieValue, isEscapedValue } from '../record/cookie-text.ts'
import { join } from './chunks.ts'

/**
 * Cookies with the same name which are tried at most: browsers send several when paths or domains differ. No more are kept, so
 * that the work stays in proportion to the header however often a name comes.
 */
const MAX_TRIED = 4
const MAX_INDEX = 9
const FIRST: readonly number[] = Object.freeze([0])

/**
 * Finds the cookies of a session in the raw header: `request.cookies` would show only the first of two cookies with the
 * same name, and decoded. Values are not decoded, so that a session has a single text.
 *
 * @param maxBytes the longest text that we write: values which cannot be ours are passed over, and do not count as tries
 * @param mayBeEscaped whether values may have percent signs; such values are never split
 */
export function carriedCookies (header: string | undefined, name: string, maxBytes: number, mayBeEscaped = false): CarriedCookies {
  if (header === undefined || !header.includes(name)) return NO_COOKIES
  const isValue = mayBeEscaped ? isEscapedValue : isCookieValue
  const found: string[][] = []
  let isOversized = false
  for (let at = header.indexOf(name); at !== -1; at = header.indexOf(name, at + name.length)) {
    const index = startsPair(header, at) ? indexAt(header, at + name.length) : -1
    if (index === -1) continue
    const values = (found[index] ??= [])
    if (values.length === MAX_TRIED) continue
    const value = valueAt(header, at)
    if (value.length > maxBytes) isOversized = true
    else if (isValue(value)) values.push(value)
  }
  if (found.length === 0) return NO_COOKIES
  const [whole] = found
  // Almost always there is a single cookie, which is no part of a split text.
  if (found.length === 1 && whole!.length === 1 && whole![0]![1] !== '.') {
    return { texts: whole!, indexes: FIRST, problem: isOversized ? 'oversized' : null }
  }
  const indexes = Object.keys(found).map(Number)
  const { texts, isIncomplete } = join(found)
  const fitting = texts.filter(text => text.length <= maxBytes)
  if (fitting.length < texts.length) isOversized = true
  const problem = isOversized ? 'oversized' : isIncomplete || whole === undefined ? 'incomplete' : null
  return { texts: mayBeEscaped ? fitting : fitting.filter(isCookieText), indexes, problem }
}

/** Whether a cookie-pair begins here: at the start, or behind a semicolon and blanks. */
function startsPair (header: string, at: number): boolean {
  let before = at - 1
  while (before >= 0 && header[before] === ' ') before--
  return before < 0 || header[before] === ';'
}

/** The number of a part by its name's suffix: `=` is 0, `.1=` is 1; -1 when the name is of a different cookie. */
function indexAt (header: string, at: number): number {
  if (header[at] === '=') return 0
  if (header[at] !== '.' || header[at + 2] !== '=') return -1
  const index = header.charCodeAt(at + 1) - 48
  return index >= 1 && index <= MAX_INDEX ? index : -1
}

function valueAt (header: string, pairStart: number): string {
  const start = header.indexOf('=', pairStart) + 1
  const end = header.indexOf(';', start)
  return header.slice(start, end === -1 ? undefined : end).trim()
}
