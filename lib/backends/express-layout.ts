import { hash } from 'node:crypto'
import type { BackendContext, CookieTexts, SessionRecord } from '../../types/index.d.ts'
import { isId } from '../record/ids.ts'
import { decodeRecord, encodeRecord } from '../record/record-text.ts'
import { MAIN_PROPERTY } from './conventions.ts'

/** A session in an answer of `all`. */
export interface Entry {
  readonly id: string
  readonly session: object
}

/** How sessions lie in a store for express-session. */
export interface Layout {
  /** How cookies are made; absent for random tokens, whose hash is the id. */
  readonly cookies?: CookieTexts
  /** Whether others write the sessions too. */
  readonly isShared: boolean
  isId (id: unknown): id is string
  /** The store's key of an id. */
  keyOf (id: string): string
  /** @param standing what the store has under the id, where the layout is shared */
  toSession (id: string, record: SessionRecord, standing: object | null): object
  /** `null` for what is no session of the layout. Throws `BackendUnavailableError` for a session of a newer version. */
  toRecord (id: string, session: object): SessionRecord | null
  /** The sessions of the layout in an answer of `all`: a list, or an object with the keys of the store. */
  entriesIn (answer: object): Entry[]
}

export type LayoutContext = Pick<BackendContext, 'property' | 'now'> & Partial<Pick<BackendContext, 'cookie' | 'log'>>

/** Express's name of its cookie, unless its option `name` says otherwise. */
export const EXPRESS_NAME = 'connect.sid'

/** Records as text in a member of their own: nothing of which express-session can make sense. */
export function ownLayout ({ property, now, cookie, log }: LayoutContext): Layout {
  if (cookie?.name === EXPRESS_NAME) {
    log?.warn(`The cookie is named ${EXPRESS_NAME}, as Express names its own, which this registration cannot read: to share sessions ` +
      'with Express, give fromExpressStore() a `layout`; else choose another name')
  }
  return {
    isShared: false,
    isId,
    // Registrations share the store, which only knows ids.
    keyOf: id => property === MAIN_PROPERTY ? id : hash('sha256', storedBy(property, id)),
    toSession: (id, record) => ({
      cookie: cookieOf(record.expiresAt - now()), fastsessions: encodeRecord(record), fastsessionsOf: storedBy(property, id)
    }),
    toRecord (id, { fastsessions }: { fastsessions?: unknown }) {
      return typeof fastsessions === 'string' ? decodeRecord(id, fastsessions) : null
    },
    entriesIn: answer => Object.values(answer).flatMap((session: unknown) => {
      const of: unknown = (session as { fastsessionsOf?: unknown } | null)?.fastsessionsOf
      const id = typeof of === 'string' && of.startsWith(`${property} `) ? of.slice(property.length + 1) : ''
      return isId(id) ? [{ id, session: session as object }] : []
    })
  }
}

/** What is kept with a session, so that an answer of `all` tells the registration and the id of each. */
function storedBy (property: string, id: string): string { return `${property} ${id}` }

/** Stores take the time to live of a session from this object. They use the clock of this machine, and so does `expires`. */
function cookieOf (leftMs: number): object {
  return { originalMaxAge: leftMs, maxAge: leftMs, expires: new Date(Date.now() + leftMs), httpOnly: true, path: '/' }
}
