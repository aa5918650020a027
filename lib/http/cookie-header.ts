import { type CarriedCookies, NO_COOKIES } from '../lifecycle/cookie.ts'
import { isCookieText } from '../record/cookie-text.ts'
import { join } from './chunks.ts'

/** Cookies with the same name which are tried at most: browsers send several when paths or domains differ. */
const MAX_TRIED = 4
const MAX_INDEX = 9
/** Fewer bytes are no attack, however many short tokens they are: browsers send a cookie for each path and domain. */
const ORDINARY_BYTES = 4_096
const FIRST: readonly number[] = Object.freeze([0])

/**
 * Finds the cookies of a session in the raw header: `request.cookies` would show only the first of two cookies with the
 * same name, and decoded. Values are not decoded, so that a session has a single text.
 *
 * @param maxBytes the longest text that we write: longer values are refused before they are looked at
 */
export function carriedCookies (header: string | undefined, name: string, maxBytes: number): CarriedCookies {
  if (header === undefined || !header.includes(name)) return NO_COOKIES
  const found: string[][] = []
  let bytes = 0
  for (let at = header.indexOf(name); at !== -1; at = header.indexOf(name, at + name.length)) {
    const index = startsPair(header, at) ? indexAt(header, at + name.length) : -1
    if (index === -1) continue
    const value = valueAt(header, at)
    bytes += value.length
    ;(found[index] ??= []).push(value)
  }
  const [values] = found
  // Almost always there is a single cookie, which is no part of a split text.
  const isSingle = found.length === 1 && values!.length === 1
  const isWhole = isSingle && bytes <= maxBytes && values![0]![1] !== '.'
  if (isWhole) return { texts: values!.filter(isCookieText), indexes: FIRST, problem: null }
  const indexes = Object.keys(found).map(Number)
  if (indexes.length === 0) return NO_COOKIES
  // Each name may come up to four times, and wrong cookies may be as long as the right cookie.
  if (bytes > Math.max(maxBytes * MAX_TRIED, ORDINARY_BYTES)) return { texts: [], indexes, problem: 'oversized' }
  const { texts, isIncomplete } = join(found, MAX_TRIED)
  const fitting = texts.filter(text => text.length <= maxBytes)
  const problem = fitting.length < texts.length ? 'oversized' : isIncomplete || texts.length === 0 ? 'incomplete' : null
  return { texts: fitting.filter(isCookieText), indexes, problem }
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
