/** What a request does with its session, after it has read it and held it for a while. */
export type Kind = 'create' | 'read' | 'write' | 'count' | 'regenerate' | 'login' | 'destroy' | 'revoke'

/** What a client sends. */
export interface Step {
  readonly kind: Kind
  readonly key: string
  /** Different in each step; `null` removes the key. */
  readonly value: number | null
  readonly subject: string
  /** How long the handler keeps what it has read before it goes on, in milliseconds. */
  readonly holdMs: number
  /** Whether the handler saves by itself, and hears of a session that is gone, or leaves it to the end of the request. */
  readonly isSaved: boolean
}

export type Data = Readonly<Record<string, number>>

/** What a handler answers. */
export interface Answer {
  /** Whether the cookie stood for a session. */
  readonly isAccepted: boolean
  /** The data as they were loaded. */
  readonly seen: Data
  /** The data at the end of the handler. */
  readonly after: Data
  readonly id: string
  /** What the transaction made of the counter. */
  readonly count: number | null
}

/** One request, as its client knows it. Times are the driver's, in milliseconds. */
export interface Event extends Step {
  readonly client: number
  /** The cookie it was sent with. */
  readonly token: string | null
  readonly begin: number
  readonly end: number
  /** The servers' clock was at least this when it began … */
  readonly clockBegin: number
  /** … and at most this when it was answered. */
  readonly clockEnd: number
  /** 0 when there was no answer. */
  readonly status: number
  /** The code of an error. */
  readonly code: string | null
  /** The cookie it was answered with. */
  readonly issued: string | null
  readonly answer: Answer | null
}

/** A promise that was not kept. */
export interface Violation {
  readonly promise: string
  readonly detail: string
}

/** A session in the store at the end. */
export interface Stored { readonly id: string }

/** All that a run knows afterwards. */
export interface History {
  readonly events: readonly Event[]
  readonly absoluteMs: number
  /** The longest that a load or a commit may take. */
  readonly timeoutMs: number
  /** `null` where the store cannot list. */
  readonly stored: readonly Stored[] | null
}
