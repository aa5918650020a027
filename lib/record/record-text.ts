import type { Instant, SessionPolicy, SessionRecord } from '../../types/index.d.ts'
import { BackendUnavailableError } from '../errors.ts'
import { freezeRecord, isRecord } from './record.ts'

/**
 * A record as text, for stores that keep text under a key:
 *
 *     1 <version> <expiresAt> <lastAccessedAt> <createdAt> <schemaVersion>[ <more>]\n<data>
 *
 * Numbers are base 36. The first four have a fixed width, so that a script on a server can compare and replace them
 * without parsing. `more` is JSON, and only there for a session with a subject or a policy. JSON has no line break of its
 * own, so the first one ends the header. The id is not repeated: it is the key.
 */
const FORMAT = '1'
/** 36^10 is above 2^48. */
const VERSION_CHARS = 10
/** Until the year 5188; each character less is a byte less in every session, three times. */
export const INSTANT_CHARS = 9
const MAX_INSTANT = 36 ** INSTANT_CHARS - 1

/** Where the version is: characters 2 up to 12. */
export const VERSION_AT = FORMAT.length + 1
/** Where the deadline and the last use are, which renewal replaces together. */
export const DEADLINES_AT = VERSION_AT + VERSION_CHARS + 1

const HEADER = /^1 ([0-9a-z]{10}) ([0-9a-z]{9}) ([0-9a-z]{9}) ([0-9a-z]{9}) ([0-9a-z]{1,11})(?: (\{.*\}))?$/s
const NEWER = /^[2-9] [0-9a-z]/

export function versionText (version: number): string { return padded36(version, VERSION_CHARS) }
/** What is later is as late as can be written. */
export function instantText (instant: Instant): string { return padded36(Math.min(instant, MAX_INSTANT), INSTANT_CHARS) }

/** What renewal writes at `DEADLINES_AT`. */
export function deadlinesText ({ expiresAt, lastAccessedAt }: Pick<SessionRecord, 'expiresAt' | 'lastAccessedAt'>): string {
  return `${instantText(expiresAt)} ${instantText(lastAccessedAt)}`
}

export function encodeRecord (record: SessionRecord): string {
  const { version, createdAt, schemaVersion, subject, policy, data } = record
  const more = subject === null && policy === null ? '' : ` ${JSON.stringify({ ...(subject !== null && { subject }), ...(policy !== null && { policy }) })}`
  return `${FORMAT} ${versionText(version)} ${deadlinesText(record)} ${instantText(createdAt)} ${schemaVersion.toString(36)}${more}\n${data}`
}

/**
 * The record of a text; `null` when it is none.
 *
 * @throws BackendUnavailableError when a newer version of this library wrote it: it must not be taken for absent, since
 * the old version would then end or overwrite it
 */
export function decodeRecord (id: string, text: string): SessionRecord | null {
  const end = text.indexOf('\n')
  const header = end === -1 ? null : HEADER.exec(text.slice(0, end))
  if (header === null) {
    if (NEWER.test(text)) throw new BackendUnavailableError('The session was stored by a newer version of fastsessions; deploy that version everywhere')
    return null
  }
  const more = header[6] === undefined ? {} : parse(header[6])
  if (more === null) return null
  const record = {
    id,
    version: number(header[1]!),
    data: text.slice(end + 1),
    schemaVersion: number(header[5]!),
    createdAt: number(header[4]!),
    lastAccessedAt: number(header[3]!),
    expiresAt: number(header[2]!),
    subject: more.subject ?? null,
    policy: more.policy ?? null
  }
  return isRecord(record) ? freezeRecord(record) : null
}

function number (text: string): number { return Number.parseInt(text, 36) }

const PAIR = 36 ** 2
const PAIRS = Array.from({ length: PAIR }, (_, n) => n.toString(36).padStart(2, '0'))

/** An integer with a fixed number of digits. A record takes ten of them, and toString(36) takes 0.8 µs for each: ten times as long. */
function padded36 (integer: number, chars: number): string {
  // What nobody should write must not look like something else: this is text that no reader takes for a number.
  if (!Number.isSafeInteger(integer) || integer < 0) return integer.toString(36).padStart(chars, '0')
  let text = ''
  let rest = integer
  while (text.length < chars) {
    const high = Math.floor(rest / PAIR)
    text = PAIRS[rest - high * PAIR]! + text
    rest = high
  }
  return text.slice(text.length - chars)
}

function parse (text: string): { subject?: string, policy?: SessionPolicy } | null {
  try {
    return JSON.parse(text) as object
  } catch {
    return null
  }
}
