import { moment } from './moment.ts'

/**
 * What a request does with its session, after it has read the session and waited for a while. `end` is `app.sessions.revoke(id)`,
 * `revoke` is `revokeSubject`. `fill` and `slow` are what a hostile client does: store so many kilobytes, and hold a transaction.
 */
export type Kind = 'create' | 'read' | 'write' | 'count' | 'regenerate' | 'login' | 'destroy' | 'end' | 'revoke' | 'fill' | 'slow'

/** The body of a request. */
export interface Step {
  readonly kind: Kind
  readonly key: string
  /** Different in each step; `null` removes the key. */
  readonly value: number | null
  readonly subject: string
  /** How long the handler waits between reading and changing the session, in milliseconds. */
  readonly holdMs: number
  /** Whether the handler calls `save()`, which rejects when the session is gone, or leaves saving to the end of the request. */
  readonly isSaved: boolean
}

export type Data = Readonly<Record<string, number>>

/** The answer of a handler. */
export interface Answer {
  /** Whether the cookie belonged to a session. */
  readonly isAccepted: boolean
  /** The loaded data. */
  readonly seen: Data
  /** The data at the end of the handler. */
  readonly after: Data
  readonly id: string
  /** The counter after the transaction; `null` for other steps. */
  readonly count: number | null
  /** When the handler called `login()`; `null` for other steps. */
  readonly calledAt: number | null
}

/** A request, as its client knows it. `begin` and `end` are by the clock of moment.ts. */
export interface Event extends Step {
  readonly client: number
  /** The token that the client sent. */
  readonly token: string | null
  readonly begin: number
  readonly end: number
  /** The clocks of the servers showed at least this when the request began … */
  readonly clockBegin: number
  /** … and at most this when the answer came. */
  readonly clockEnd: number
  /** The status of the answer; 0 without an answer. */
  readonly status: number
  /** The code of an error. */
  readonly code: string | null
  /** The token that the answer set. */
  readonly issued: string | null
  readonly answer: Answer | null
}

/** A broken promise. */
export interface Violation {
  readonly promise: string
  readonly detail: string
}

/** A session in the store at the end. */
export interface Stored { readonly id: string }

/** Everything that is known after a run. */
export interface History {
  readonly events: readonly Event[]
  readonly absoluteMs: number
  /** Whether the clocks of all servers agreed throughout. */
  readonly clocksAgree: boolean
  /** The longest that a load or a commit may take. */
  readonly timeoutMs: number
  /** `null` where the store cannot list. */
  readonly stored: readonly Stored[] | null
  /** How late a change that another server made may be seen, in milliseconds. @default 0 */
  readonly staleMs?: number
  /** Which requests may go without an answer: those of a client who asked for trouble, and those that an outage hit. */
  readonly mayFail: (event: Event) => boolean
}

export type ReportViolation = (promise: string, event: Event, detail: string) => void

const START = moment()

export function describe ({ client, kind, key, value, token, issued, begin, end, status }: Event): string {
  const cookies = `${token?.slice(0, 6) ?? 'none'}${issued === null ? '' : ` to ${issued.slice(0, 6)}`}`
  const times = `${(begin - START).toFixed(1)} to ${(end - START).toFixed(1)} ms`
  return `${kind} ${key} = ${value} of client ${client}, cookie ${cookies}, ${times}, status ${status}`
}
