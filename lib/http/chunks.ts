import { randomText } from '../crypto/random.ts'
import { FRAME } from '../record/cookie-text.ts'

/** The most bytes which browsers store for one cookie: name, value and attributes together (RFC 6265bis, 5.6 and 6.1). */
export const MAX_COOKIE_BYTES = 4096
const FRAME_BYTES = 9
const MAX_PARTS = 9

/** The name of one part: `name`, `name.1`, `name.2` … */
export function partName (name: string, index: number): string {
  return index === 0 ? name : `${name}.${index}`
}

/** The bytes that cookies take in a `Cookie` header, with their separators. */
export function headerBytes (name: string, values: readonly string[]): number {
  return values.reduce((sum, value, index) => sum + partName(name, index).length + 1 + value.length + (index && 2), 0)
}

/**
 * Splits text over as many cookies as the text takes, each at most 4,096 bytes with its attributes. All parts carry the
 * same random generation, so that parts of two writes are never joined.
 *
 * @param tailBytes the length of the attributes, from `; Path=…` on
 * @returns the values of `name`, `name.1`, …; `null` when no number of cookies is enough
 */
export function split (name: string, text: string, tailBytes: number): string[] | null {
  if (name.length + 1 + text.length + tailBytes <= MAX_COOKIE_BYTES) return [text]
  const capacityOf = (index: number) => MAX_COOKIE_BYTES - tailBytes - FRAME_BYTES - 1 - partName(name, index).length
  const parts: string[] = []
  for (let start = 0; start < text.length;) {
    const capacity = capacityOf(parts.length)
    if (parts.length === MAX_PARTS) return null
    parts.push(text.slice(start, start + capacity))
    start += capacity
  }
  const generation = randomText(4)
  return parts.map(part => `${parts.length}.${generation}.${part}`)
}

/**
 * Joins the parts which a request carried.
 *
 * @param found for each part the values under its name, in the header's order, at most `MOST_TRIED` of them
 * @returns the texts which may be sessions, and whether parts were missing. A text of which a part is missing is a try too.
 */
export function join (found: ReadonlyArray<readonly string[] | undefined>): { texts: string[], isIncomplete: boolean } {
  const texts: string[] = []
  let isIncomplete = false
  for (const value of found[0] ?? []) {
    const frame = FRAME.exec(value)
    const text = frame === null ? value : joinGeneration(found, frame[0], Number(frame[1]))
    if (text === null) isIncomplete = true
    else texts.push(text)
  }
  return { texts, isIncomplete }
}

function joinGeneration (found: ReadonlyArray<readonly string[] | undefined>, frame: string, count: number): string | null {
  let text = ''
  for (let index = 0; index < count; index++) {
    const part = found[index]?.find(value => value.startsWith(frame))
    if (part === undefined) return null
    text += part.slice(FRAME_BYTES)
  }
  return text
}
