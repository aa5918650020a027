import { hash } from 'node:crypto'
import type { BackendCookie, SessionRecord } from '../../types/index.d.ts'
import { ReservedKeyError } from '../errors.ts'
import { freezeRecord } from '../record/record.ts'
import { decodeRecord, encodeRecord } from '../record/record-text.ts'
import { expressCookies, isExpressId } from './express-cookies.ts'
import { EXPRESS_NAME, type Entry, type Layout, type LayoutContext } from './express-layout.ts'
import { cookieTimesOf, type ExpressCookie, timesOf } from './express-times.ts'

/** The member in which Express carries along what a record has beside its data. */
const MEMBER = 'fastsessions'
const TAKEN = ['cookie', MEMBER]
const DIGEST_CHARS = 16
/** The digest of the data, and the last use by the clock of the machine. */
const MEMBER_DATA = /^([\w-]{16}) (\d{1,16})$/
const VERSION_DIGITS = 11

/** What a record has beside its data and its times, before it is stored here. */
const MADE_BY_EXPRESS = Object.freeze({ version: 0, schemaVersion: 1, subject: null, policy: null, meta: null })

/** What express-session keeps of a session: the cookie, our member, and the data. */
interface ExpressSession {
  readonly cookie: ExpressCookie
  readonly fastsessions?: unknown
}

/**
 * The layout of express-session itself: the data are plain members beside `cookie`. What our record has beside is the text of the
 * record, with a digest in the place of the data, so that a change by Express is seen and counts as a version of its own.
 *
 * @param canTouch whether the store has `touch`, which may move the store's own time to live and leave the session as it is
 */
export function sharedLayout (context: LayoutContext, secrets: readonly Buffer[], canTouch: boolean): Layout {
  const { now } = context
  warnOfName(context)
  const toRecord: Layout['toRecord'] = (id, session) => {
    if (!isExpressSession(session)) return null
    const { cookie, [MEMBER]: member, ...members } = session
    const data = JSON.stringify(members)
    const known = knownIn(id, member)
    const times = timesOf(cookie, known && { ...known.record, usedAt: known.usedAt }, { now: now(), canTouch })
    if (times === null) return null
    const { record = MADE_BY_EXPRESS, digest } = known ?? {}
    const version = digest === digestOf(data) ? record.version : versionOf(data, record.version)
    return freezeRecord({ ...record, id, data, version, ...times })
  }
  return {
    cookies: expressCookies(secrets),
    isShared: true,
    isId: isExpressId,
    keyOf: id => id,
    toSession (_id, record, standing) {
      const members = JSON.parse(record.data) as Record<string, unknown>
      const taken = TAKEN.find(key => Object.hasOwn(members, key))
      if (taken !== undefined) throw new ReservedKeyError(taken, 'cannot be a key of sessions that are shared with Express')
      const known = isExpressSession(standing) ? standing.cookie : cookieLike(context.cookie)
      // Stores count the time by the clock of this machine.
      const usedAt = Date.now() - (now() - record.lastAccessedAt)
      const member = memberOf(record, JSON.stringify(members), usedAt)
      return { cookie: { ...known, ...cookieTimesOf(record, known, usedAt) }, [MEMBER]: member, ...members }
    },
    toRecord,
    entriesIn: answer => Object.entries(answer).flatMap(([key, session]) => entryOf(Array.isArray(answer) ? null : key, session))
  }
}

function warnOfName ({ cookie, log }: LayoutContext): void {
  if (cookie === undefined || cookie.isNamed === true) return
  log?.warn(`The cookie is named ${cookie.name}, and Express looks for its own: set \`cookie.name\` to the option \`name\` of ` +
    `express-session, which is '${EXPRESS_NAME}' where nothing is said`)
}

function isExpressSession (session: unknown): session is ExpressSession {
  const cookie: unknown = (session as { cookie?: unknown } | null)?.cookie
  return typeof cookie === 'object' && cookie !== null
}

/** express-session sends the attributes that are stored with the session, so they must be those of the cookie that we send. */
function cookieLike ({ name: _, isNamed: __, ...attributes }: Partial<BackendCookie> = {}): ExpressCookie {
  return { ...attributes }
}

/** The member of a record. */
function memberOf (record: SessionRecord, data: string, usedAt: number): string {
  return encodeRecord({ ...record, data: `${digestOf(data)} ${usedAt}` })
}

/** What a member tells; `null` for a session that Express made. */
function knownIn (id: string, member: unknown): { record: SessionRecord, digest: string, usedAt: number } | null {
  const record = typeof member === 'string' ? decodeRecord(id, member) : null
  const [, digest, usedAt] = MEMBER_DATA.exec(record?.data ?? '') ?? []
  return record === null || digest === undefined ? null : { record, digest, usedAt: Number(usedAt) }
}

/** A digest of data as they stand in the store. */
function digestOf (data: string): string { return hash('sha256', data, 'base64url').slice(0, DIGEST_CHARS) }

/** The version of data that Express wrote: the same for the same data. */
function versionOf (data: string, before: number): number {
  return 1 + Number.parseInt(hash('sha256', `${before} ${data}`, 'hex').slice(0, VERSION_DIGITS), 16)
}

/** A session of a listing. In a list, stores tell the id as a member, if they tell it at all. */
function entryOf (key: string | null, session: unknown): Entry[] {
  if (!isExpressSession(session)) return []
  if (key !== null) return isExpressId(key) ? [{ id: key, session }] : []
  const { id, ...rest } = session as ExpressSession & { id?: unknown }
  return isExpressId(id) ? [{ id, session: rest }] : []
}
