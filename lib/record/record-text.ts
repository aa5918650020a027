import type { Instant, SessionMeta, SessionPolicy, SessionRecord } from '../../types/index.d.ts'
import { BackendUnavailableError } from '../errors.ts'
import { keysText, withoutKeys } from './keys-text.ts'
import { freezeRecord, isRecord } from './record.ts'

/**
 * A record as text, for stores that keep text under a key:
 *
 *     1 <version> <expiresAt> <lastAccessedAt> <createdAt> <schemaVersion>[ <more>]\n<data>
 *
 * Numbers are base 36. The first four have a fixed width, so that a script on a server can compare and replace them
 * without parsing. `more` is JSON, and present only for a session with a subject, a policy or meta. JSON text has no line break,
 * so the first line break ends the header. The id is left out: the store has the id as the key.
 *
 * The keys of a session come first in `more`: its subject and its labels, which are no part of `meta` here.
 */
const FORMAT = '1'
/** Enough for every version: 36^10 is above 2^48. */
const VERSION_CHARS = 10
/** Enough until the year 5188. Each character more would be a byte more in every session, three times. */
export const INSTANT_CHARS = 9
const MAX_INSTANT = 36 ** INSTANT_CHARS - 1

/** Where the version is: characters 2 up to 12. */
export const VERSION_AT = FORMAT.length + 1
/** Where the deadline and the last use are, which a renewal replaces together. */
export const DEADLINES_AT = VERSION_AT + VERSION_CHARS + 1

/** Version, deadline, last use, creation, schema version, `more`. */
const HEADER = /^1 ([0-9a-z]{10}) ([0-9a-z]{9}) ([0-9a-z]{9}) ([0-9a-z]{9}) ([0-9a-z]{1,11})(?: (\{.*\}))?$/s
/** The start of a text in a format that only newer versions of this library know. */
const NEWER = /^[2-9] [0-9a-z]/
const NEWER_MESSAGE = 'The session was stored by a newer version of fastsessions; deploy that version everywhere'

/** A version of a record, in the width that stored text has. */
export function versionText (version: number): string { return base36(version, VERSION_CHARS) }
/** How the text of a record with a version begins. */
export function beginningOf (version: number): string { return `${FORMAT} ${versionText(version)} ` }
/** An instant, in the width that stored text has. An instant past the year 5188 becomes the last that fits. */
export function instantText (instant: Instant): string { return base36(Math.min(instant, MAX_INSTANT), INSTANT_CHARS) }

/** The text that a renewal writes at `DEADLINES_AT`. */
export function deadlinesText ({ expiresAt, lastAccessedAt }: Pick<SessionRecord, 'expiresAt' | 'lastAccessedAt'>): string {
  return `${instantText(expiresAt)} ${instantText(lastAccessedAt)}`
}

/** The text of a record, without the id. */
export function encodeRecord (record: SessionRecord): string {
  const schemaVersion = record.schemaVersion.toString(36)
  const header = `${FORMAT} ${versionText(record.version)} ${deadlinesText(record)} ${instantText(record.createdAt)} ${schemaVersion}`
  return `${header}${moreText(record)}\n${record.data}`
}

/**
 * The record of a text that was stored under `id`; `null` when the text is not a record.
 *
 * @throws BackendUnavailableError when a newer version of this library wrote the text. Such a session must not count as
 * absent: this version would then end or overwrite the session.
 */
export function decodeRecord (id: string, text: string): SessionRecord | null {
  const headerEnd = text.indexOf('\n')
  const header = headerEnd === -1 ? null : HEADER.exec(text.slice(0, headerEnd))
  if (header === null) {
    if (NEWER.test(text)) throw new BackendUnavailableError(NEWER_MESSAGE)
    return null
  }
  const more = header[6] === undefined ? {} : parseMore(header[6])
  if (more === null) return null
  const record = {
    id,
    version: fromBase36(header[1]!),
    data: text.slice(headerEnd + 1),
    schemaVersion: fromBase36(header[5]!),
    createdAt: fromBase36(header[4]!),
    lastAccessedAt: fromBase36(header[3]!),
    expiresAt: fromBase36(header[2]!),
    subject: more.subject ?? null,
    policy: more.policy ?? null,
    meta: more.labels === undefined ? more.meta ?? null : { ...more.meta, labels: more.labels }
  }
  return isRecord(record) ? freezeRecord(record) : null
}

/** What few records have, and what stands in the header where a record has it, in this order. */
interface More {
  readonly subject?: string
  readonly labels?: readonly string[]
  readonly policy?: SessionPolicy
  readonly meta?: SessionMeta
}

function moreText (record: SessionRecord): string {
  const { subject, policy, meta } = record
  if (subject === null && policy === null && meta === null) return ''
  const keys = keysText(record)
  const others = withoutKeys(meta)
  const rest = JSON.stringify({ ...(policy !== null && { policy }), ...(others !== null && { meta: others }) })
  if (keys === '') return ` ${rest}`
  return rest === '{}' ? `${keys}}` : `${keys},${rest.slice(1)}`
}

function parseMore (text: string): More | null {
  try {
    return JSON.parse(text) as More
  } catch {
    return null
  }
}

const PAIR = 36 ** 2
const PAIRS = Array.from({ length: PAIR }, (_, n) => n.toString(36).padStart(2, '0'))

/**
 * An integer in base 36 with a fixed number of digits, written two digits at a time: `toString(36)` takes ten times as
 * long (0.8 µs), and every write of a record needs several numbers.
 */
function base36 (integer: number, chars: number): string {
  // The text of a broken number must not look like a valid number: with a sign, with a dot or too long, no reader takes it.
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

function fromBase36 (text: string): number { return Number.parseInt(text, 36) }
