import type { SessionRecord } from '../../types/index.d.ts'
import type { Rejection } from '../store/store.ts'
import type { Answer } from './command.ts'
import { instantText } from './list.ts'
import type { Opened } from './open.ts'
import { columns, printable } from './terminal.ts'

/** What a cookie is. */
export interface Finding {
  /** The name of the cookie. */
  readonly name: string
  /** Over how many cookies it is split. */
  readonly parts: number
  /** Why it is no session; `null` where it is one. */
  readonly rejected: Rejection | null
  /** The record, where there is one, also that of a session which has ended. */
  readonly record: SessionRecord | null
  /** The payload of a session. */
  readonly data: Readonly<Record<string, unknown>> | null
  /** Whether an old secret has sealed it. */
  readonly isStale: boolean
}

const REASONS: Readonly<Record<Rejection, string>> = {
  forged: 'none of the secrets has sealed it under this name: a different secret, name or property, or text that was changed',
  unknown: 'the store has no such session: it has ended, or the text was never the cookie of this registration',
  malformed: 'the text cannot be a session cookie of this registration',
  oversized: 'the text is longer than a session cookie of this registration can be',
  incomplete: 'it is split over several cookies, and some of them are missing',
  expired: 'its deadline has passed',
  theft: 'the secret behind its token was used up, or is none of the session\'s: whoever sends the cookie is reported as a thief',
  regenerated: 'the session has ended, or goes on under a new id',
  corrupt: 'what is stored is no session',
  tampered: 'what is stored was not sealed by one of the secrets for this id',
  schema: 'the data do not match the schema',
  migration: 'the data are of an older version, and could not be migrated'
}

/** The answer about a cookie. No secret is in it. */
export function inspected (finding: Finding, { settings, registration }: Opened): Answer {
  const { name, parts, rejected, record, data, isStale } = finding
  const { store, keeping } = registration
  const isSession = rejected === null
  const expiresAt = record === null ? null : new Date(store.deadline(record))
  const { signedInAt, level = null, labels = [], about = null, reason = null } = record?.meta ?? {}
  const sealedWith = keeping.isInCookie ? `the ${isStale ? 'second secret, or a later one' : 'first secret'}` : null
  const shown = record !== null && (isSession || record.data !== '') && {
    id: record.id,
    subject: record.subject,
    createdAt: new Date(record.createdAt),
    lastAccessedAt: new Date(record.lastAccessedAt),
    expiresAt: expiresAt!,
    signedInAt: signedInAt === undefined ? null : new Date(signedInAt),
    level,
    labels,
    about,
    policy: record.policy,
    schemaVersion: record.schemaVersion,
    sealedWith
  }
  const problem = isSession ? undefined : `no session: ${rejected}: ${REASONS[rejected]}`
  const endedBecause = isSession ? null : reason
  const session = shown ? { ...shown, data } : null
  const json = { cookie: name, parts, valid: isSession, rejected, endedBecause, session }
  const ends = isSession && expiresAt !== null ? [['ends in', spanText(expiresAt.getTime() - settings.now())]] : []
  const title = parts === 1 ? name : `${name}, in ${parts} parts`
  const rows = [['cookie', title], ...rowsOf(shown || {}), ...ends, ...data === null ? [] : [['data', '']]]
  return { json, text: [columns(rows.map(row => row.map(printable))), ...data === null ? [] : [dataText(data)]].join('\n'), problem }
}

const WORDS: Readonly<Record<string, string>> = {
  createdAt: 'created',
  lastAccessedAt: 'last seen',
  expiresAt: 'expires',
  signedInAt: 'signed in',
  schemaVersion: 'schema',
  sealedWith: 'sealed with'
}

function rowsOf (shown: Readonly<Record<string, unknown>>): string[][] {
  const isThere = (value: unknown): boolean => value !== null && !(Array.isArray(value) && value.length === 0)
  return Object.entries(shown).filter(([, value]) => isThere(value)).map(([key, value]) => [WORDS[key] ?? key, valueText(value)])
}

function valueText (value: unknown): string {
  if (value instanceof Date) return instantText(value)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** JSON escapes control characters but those above 127. */
function dataText (data: object): string { return JSON.stringify(data, null, 2).split('\n').map(line => printable(line)).join('\n') }

const UNITS = [['days', 86_400_000], ['hours', 3_600_000], ['minutes', 60_000], ['seconds', 1_000]] as const

/** A span in its largest unit that fits twice: `13 days`. */
function spanText (ms: number): string {
  const [word, unit] = UNITS.find(([, unit]) => ms >= 2 * unit) ?? UNITS[3]
  return `${Math.floor(ms / unit)} ${word}`
}
