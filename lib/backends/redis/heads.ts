import { DEADLINES_AT, INSTANT_CHARS, instantText } from '../../record/record-text.ts'

/** Enough for the header of nearly every session, and little of its payload. */
export const HEAD_BYTES = 256
const HEAD = /^1 [0-9a-z]{10} [0-9a-z]{9} /

/**
 * Whether the start of a stored text is a live session's: `null` when the start does not tell.
 *
 * @param isWhole whether what follows is known to be nothing
 */
export function isLiveHead (head: string, now: number): boolean | null {
  if (!HEAD.test(head)) return false
  if (head.slice(DEADLINES_AT, DEADLINES_AT + INSTANT_CHARS) <= instantText(Math.floor(now))) return false
  const end = head.indexOf('\n')
  if (end !== -1 && end < head.length - 1) return true
  return Buffer.byteLength(head) < HEAD_BYTES ? false : null
}
