import type { ForeignCookies } from '../../types/index.d.ts'

/** The text in a cookie; `null` for a value that no library has set. */
export type CookieText = string | null

/** Twice of what browsers keep: a longer value is nobody's cookie, and is not looked at. */
const MAX_CHARS = 8_192
/** What libraries set in the place of a session that has ended. */
const CLEARED: readonly string[] = ['', '""', '\'\'', 'null', '"null"']
const PART = /^(?:0|[1-9]\d?)$/

/** The texts of the cookies with a name, in the header's order. */
export function textsOf (cookies: ForeignCookies, name: string): CookieText[] {
  return cookies.valuesOf(name).filter(value => !CLEARED.includes(value)).map(textOf)
}

/** Libraries for Python put quotes around some values; libraries for Node escape some characters, or used to. */
function textOf (value: string): CookieText {
  if (value.length > MAX_CHARS) return null
  const text = value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** Which of the names are those of parts: `session-0`, `session-1` … where the stem is `session-`. */
export function partNames (names: readonly string[], stem: string): string[] {
  return names.filter(name => name.startsWith(stem) && PART.test(name.slice(stem.length)))
}

/**
 * The texts of a session that is split over several cookies. Where there are several cookies of each name, the first ones belong together,
 * and so do the second ones: browsers sort by path.
 *
 * @param stem the names without their numbers
 * @param mostParts the most parts that there can be
 */
export function joinedTexts (cookies: ForeignCookies, stem: string, mostParts: number): CookieText[] {
  const names = partNames(cookies.names, stem)
  if (names.length > mostParts) return [null]
  const parts: CookieText[][] = []
  for (const name of names) {
    const texts = textsOf(cookies, name)
    if (texts.length > 0) parts[Number(name.slice(stem.length))] = texts
  }
  // A hole in the array is a part that is missing.
  if (Object.keys(parts).length < parts.length) return [null]
  const longest = Math.max(0, ...parts.map(({ length }) => length))
  return Array.from({ length: longest }, (_, nth) => join(parts.map(texts => texts[Math.min(nth, texts.length - 1)]!)))
}

function join (parts: readonly CookieText[]): CookieText {
  return parts.includes(null) ? null : parts.join('')
}
