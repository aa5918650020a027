import type { SessionLifetime } from '../../types/index.d.ts'

/** What JSON can say. */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value }
export type Data = Record<string, Value>

/** A change of data: of the session, or of what a transaction is given. */
export type Edit =
  { do: 'set', key: string, value: Value } |
  { do: 'delete', key: string } |
  /** Changes a plain object in place; does nothing where there is none at the path. Without a value the member goes. */
  { do: 'inside', path: string[], value?: Value } |
  { do: 'push', key: string, value: Value } |
  { do: 'increment', key: string }

/** What a handler does. */
export type Act =
  Edit |
  /** By plain assignment: `session.key = value`. */
  { do: 'assign', key: string, value: Value } |
  { do: 'update', data: Data } |
  { do: 'setLifetime', lifetime: SessionLifetime } |
  { do: 'login', subject: string, data: Data } |
  { do: 'regenerate', keep: string[] } |
  { do: 'transaction', edits: Edit[] } |
  { do: 'clear' } | { do: 'touch' } | { do: 'save' } | { do: 'reload' } | { do: 'regenerateId' } | { do: 'destroy' } |
  /** Time passes while the handler runs. */
  { do: 'wait', ms: number }

export type Route = '/' | '/passive'

/** `acts: null`: the handler ignores the session. */
export interface RequestStep { kind: 'request', route: Route, acts: Act[] | null }

/** The second request runs as a whole while the first one, which has done `before`, waits in its handler. */
export interface PairStep { kind: 'pair', route: Route, before: Act[], after: Act[], other: { route: Route, acts: Act[] } }

export interface WaitStep { kind: 'wait', ms: number }

export type Step = RequestStep | PairStep | WaitStep

/** The session as a handler sees it after an act. Instants in milliseconds; the id is a name which stands for one real id. */
export interface View {
  /** What the act answered: the code of its error, or `null`. */
  error: string | null
  data: Data
  subject: string | null
  /** `null` where the session has ended and the contract says nothing. */
  more: null | {
    id: string, isNew: boolean, isEmpty: boolean, isModified: boolean, createdAt: number, lastAccessedAt: number, expiresAt: number
  }
}

/** What came of a request. */
export interface Outcome {
  status: number
  views: View[]
  /** What the answer does to the cookie. `'may'`: it may send the cookie again, with nothing new. */
  cookie: 'set' | 'clear' | 'none' | 'may'
}

/** A stored session as anybody can look it up. */
export interface Stored { id: string, data: Data, subject: string | null, createdAt: number, lastAccessedAt: number, expiresAt: number }
