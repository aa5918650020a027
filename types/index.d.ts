/**
 * The public contract of fastsessions on one page: options, the session, backends, events.
 *
 * Units: a `Duration` is seconds or a string with a unit; instants in records are milliseconds since the epoch;
 * instants that the session shows are `Date` objects.
 */
import type {} from '@fastify/cookie'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'

/** A finite number of **seconds** above 0, or a string such as `'90s'`, `'30m'`, `'12h'`, `'14d'`. */
export type Duration = number | string

/** Milliseconds since the epoch. */
export type Instant = number

/** A value, or a promise of it. Backends that answer at once save the request a turn of the event loop. */
export type Awaitable<T> = T | PromiseLike<T>

/** A node-style callback, accepted as the last argument wherever a promise is returned. */
export type Callback<T = void> = (error: Error | null, result?: T) => void

// ---------------------------------------------------------------------------------------------- the payload

/**
 * The payload of `request.session`. Augment it:
 *
 * ```ts
 * declare module 'fastsessions' {
 *   interface SessionData { user: { id: string }, basket: string[] }
 * }
 * ```
 *
 * `interface SessionData extends Static<typeof schema> {}` works for a TypeBox object schema.
 */
export interface SessionData {}

/** The names that `get`, `set` and their kin accept: any, until the payload has a type. */
export type SessionKey<Data = SessionData> = [keyof Data] extends [never] ? string : Extract<keyof Data, string>

/** The type of one key of the payload. */
export type SessionValue<Data, Key> = Key extends keyof Data ? Data[Key] : unknown

/** A payload as a plain object. */
export type SessionPayload<Data = SessionData> = [keyof Data] extends [never] ? Record<string, unknown> : Partial<Data>

// ---------------------------------------------------------------------------------------------- the session

/**
 * `request.session`: the data are its own properties, everything else lives on the prototype.
 *
 * A member's name in the payload type is a compile error where the session is used.
 */
export type Session<Data = SessionData> =
  Extract<KnownKey<Data>, keyof SessionMembers | ReservedKey> extends never
    ? SessionMembers<Data> & { [Key in keyof Data]?: Data[Key] }
    : { readonly 'SessionData uses a reserved name': Extract<KnownKey<Data>, keyof SessionMembers | ReservedKey> }

/** Names kept free for planned members. */
export type ReservedKey = 'signal' | 'reauthenticate' | 'cookie' | 'sessionId' | '__proto__'

type KnownKey<Data> = keyof { [Key in keyof Data as string extends Key ? never : Key]: never }

export interface SessionMembers<Data = SessionData> {
  /** Reads one key; `undefined` when it is absent. */
  get<Key extends SessionKey<Data>> (key: Key): SessionValue<Data, Key> | undefined
  /** Writes one key and returns the session; `undefined` removes it. Throws `ReservedKeyError` for a member's name. */
  set<Key extends SessionKey<Data>> (key: Key, value: SessionValue<Data, Key> | undefined): this
  /** Whether a key is present and not `undefined`. */
  has (key: SessionKey<Data>): boolean
  /** Removes one key; whether it was there. */
  delete (key: SessionKey<Data>): boolean
  /** Drops all data and the subject; on commit it also drops keys that other requests added meanwhile. */
  clear (): void
  /** Writes several keys and returns the session. Throws `ReservedKeyError` before any is written. */
  update (partial: SessionPayload<Data>): this
  /** A deep, plain copy of the data. */
  data (): SessionPayload<Data>

  /** Public handle: safe to log, never the cookie's secret, the same until regeneration. Reading it creates nothing. */
  readonly id: string
  readonly isLoaded: boolean
  /** Whether nothing is stored for this session yet. */
  readonly isNew: boolean
  /** Whether there are neither data nor a subject. */
  readonly isEmpty: boolean
  /** Whether data, subject or lifetime differ from what is stored. */
  readonly isModified: boolean
  readonly createdAt: Date
  /** The last use that was recorded (see `renewAfter`). */
  readonly lastAccessedAt: Date
  /** The nearer of the idle and the absolute deadline. */
  readonly expiresAt: Date
  /** Whose session it is, such as a user id; `null` while nobody is signed in. */
  readonly subject: string | null

  /** Loads the session; a second call changes nothing. */
  load (): Promise<void>
  load (callback: Callback): void
  /**
   * Persists now and puts the cookie on the reply, so that `reply.hijack()` and raw writes keep it.
   * Rejects with `SessionDestroyedError` when the stored session is gone, and with `NotSupportedError` when it needs a
   * new cookie after the response head went out.
   */
  save (): Promise<void>
  save (callback: Callback): void
  /** Drops local changes and reads the session again. */
  reload (): Promise<void>
  reload (callback: Callback): void
  /** Extends the idle deadline with this response, whatever `renewAfter` says. */
  touch (): void
  /** New id, same data, same `createdAt`; the old id is dead at once on every node (OWASP ASVS 7.2.4). */
  regenerateId (): Promise<void>
  regenerateId (callback: Callback): void
  /** New id and a new life; only the listed keys are kept. `request.session` is a new object, this one stays readable. */
  regenerate (keep?: ReadonlyArray<SessionKey<Data>>): Promise<void>
  regenerate (callback: Callback): void
  regenerate (keep: ReadonlyArray<SessionKey<Data>> | undefined, callback: Callback): void
  /** What to call when someone signs in: new id, a new life, all data kept, `subject` and `data` set. */
  login (subject: string, data?: SessionPayload<Data>): Promise<void>
  login (subject: string, callback: Callback): void
  login (subject: string, data: SessionPayload<Data> | undefined, callback: Callback): void
  /** A policy for this session, stored with it and kept by later saves ("remember me"). */
  setLifetime (lifetime: SessionLifetime): void
  /**
   * Removes the record and clears the cookie; terminal for this request. Also ends what a parallel regeneration has made
   * of it. Rejects with `NotSupportedError` for a cookie session whose cookie cannot be cleared any more.
   */
  destroy (): Promise<void>
  destroy (callback: Callback): void
  /**
   * Atomic read-modify-write: `fn` changes a fresh, plain copy of the data and runs again on a conflict.
   * Resolves to what `fn` returned. Needs an atomic backend, else it rejects with `NotSupportedError`.
   */
  transaction<T> (fn: (data: SessionPayload<Data>) => Awaitable<T>): Promise<T>
}

export interface SessionLifetime {
  idleTimeout?: Duration
  absoluteTimeout?: Duration | null
  /** Whether the cookie outlives the browser. */
  persistent?: boolean
}

// ---------------------------------------------------------------------------------------------- options

export interface SessionOptions {
  /** At least 32 bytes each; the first seals, all of them open. Required by `CookieBackend` and by `encrypt`. */
  secret?: string | Buffer | ReadonlyArray<string | Buffer> | undefined
  /** @default new CookieBackend() */
  backend?: SessionBackend
  /** The request decorator, the route key, and with an `s` the decorator for use outside requests. @default 'session' */
  property?: string
  cookie?: CookieOptions
  /** Ends a session not used for so long. @default '14d', or absoluteTimeout if that is less */
  idleTimeout?: Duration
  /** Ends a session so long after its creation; `null` for never. @default '30d', or idleTimeout if that is more */
  absoluteTimeout?: Duration | null
  /** The idle deadline moves only once this share of it has passed; 0 is exact. @default 0.25 */
  renewAfter?: number
  /** Which requests load the session before the handler. @default true */
  autoload?: boolean | AutoloadPath | ReadonlyArray<AutoloadPath> | ((request: FastifyRequest) => boolean)
  /** JSON Schema of the payload; nothing is coerced, defaulted or removed. */
  schema?: object
  /** @default 1 */
  schemaVersion?: number
  /** Brings data of an older `schemaVersion` up to date. */
  migrate?: (data: Record<string, unknown>, fromVersion: number) => Record<string, unknown>
  /** @default JSON, safe against `__proto__` */
  serializer?: SessionSerializer
  /** Seals payloads at rest in server-side backends, bound to their id. @default false */
  encrypt?: boolean
  /** What happens when two requests changed one session. @default 'merge' */
  onConflict?: 'merge' | 'error'
  /** What a request gets when the backend cannot be reached on load. @default 'error' */
  onUnavailable?: 'error' | 'anonymous'
  /** The longest that one load, or one commit with its retries, may take. @default 5 */
  timeout?: Duration
  /** The clock, in milliseconds since the epoch; for tests. @default Date.now */
  now?: () => Instant
}

/** `'/app'` is exact, `'/app/*'` matches any rest; both without the query. */
export type AutoloadPath = string | RegExp

export interface CookieOptions {
  /** @default '__Host-' + property when `secure` is true, `path` '/' and no domain is set; else the property */
  name?: string
  /** @default '/' */
  path?: string
  /** @default none: the host that set it */
  domain?: string
  /** @default true */
  httpOnly?: boolean
  /** @default 'lax' */
  sameSite?: 'lax' | 'strict' | 'none'
  /** @default false */
  partitioned?: boolean
  priority?: 'low' | 'medium' | 'high'
  /** `'auto'`: Secure on https requests (honours `trustProxy`). @default true */
  secure?: boolean | 'auto'
  /** Sends Max-Age, so that the session survives closing the browser. @default false */
  persistent?: boolean
}

/** `config.session` of a route. */
export interface SessionRouteOptions {
  autoload?: boolean
  /** The request does not keep the session alive. @default false */
  passive?: boolean
  /** 401 without a stored session, or without a signed-in one. @default false */
  required?: boolean | 'subject'
  onUnavailable?: 'error' | 'anonymous'
}

/** Synchronous, deterministic, and able to take any subset of the keys. */
export interface SessionSerializer {
  serialize (data: Record<string, unknown>): string
  deserialize (text: string): Record<string, unknown>
}

// ---------------------------------------------------------------------------------------------- backends

/** What a backend keeps: plain JSON, set whole by the core and frozen. */
export interface SessionRecord {
  /** What the record is kept under: 64 hex digits for a server-side backend. */
  readonly id: string
  /** A random integer, 1 to 2^48 − 1, new for each write and kept when that write is repeated. */
  readonly version: number
  /** The payload; opaque to backends. Empty text marks a tombstone: `list` and `count` leave it out. */
  readonly data: string
  readonly schemaVersion: number
  readonly createdAt: Instant
  readonly lastAccessedAt: Instant
  readonly expiresAt: Instant
  readonly subject: string | null
  readonly policy: SessionPolicy | null
}

/** The lifetime policy of one session, in milliseconds. */
export interface SessionPolicy {
  readonly idleTimeout?: number
  readonly absoluteTimeout?: number | null
  readonly persistent?: boolean
  /** Of a tombstone only: the id that the session goes on under. */
  readonly successor?: string
  /** The version of the mark that the last revocation of the subject had left when it signed in. */
  readonly mark?: number
}

/** What a backend may want to know beside the record (for columns of the application's own). */
export interface WriteContext {
  readonly data: Readonly<Record<string, unknown>>
  readonly request?: FastifyRequest
}

/** Handed to `bind` once, at registration. */
export interface BackendContext {
  readonly property: string
  readonly now: () => Instant
  readonly secrets: readonly Buffer[]
  readonly cookie: Readonly<{ name: string }>
  /** Milliseconds. */
  readonly timeout: number
  readonly log: FastifyBaseLogger
}

/**
 * Where sessions live. Three methods are enough; see `docs/backends.md` for what each optional part buys.
 *
 * Expired records are absent to every method, and a write of an expired record leaves nothing readable.
 */
export interface SessionBackend {
  /** The record, or `null`. */
  read (id: string): Awaitable<SessionRecord | null>
  /**
   * Stores the record and returns its id. With `expectedVersion`, only if the stored version is that one (`0`: absent);
   * else nothing is written and the answer is `null`, or the record that stands. A write whose own version is already
   * stored returns the id and changes nothing. `id` is `null` only for a self-contained backend, which returns the text.
   */
  write (id: string | null, record: SessionRecord, expectedVersion?: number, context?: WriteContext): Awaitable<string | SessionRecord | null>
  /** Removes the record; a missing id resolves. */
  remove (id: string): Awaitable<void>
  /** Moves the deadlines while the record's version stands (else changes nothing); `false` when there is no record. */
  touch? (id: string, record: SessionRecord): Awaitable<boolean>
  /** The backend as used by one registration. */
  bind? (context: BackendContext): SessionBackend
  /**
   * Called once at registration, after `bind`: looks whether the store is fit for use. What it throws stops the start of
   * the application; `BackendUnavailableError` does not, since a server that is down now may be up later.
   */
  prepare? (): Awaitable<void>
  exists? (id: string): Awaitable<boolean>
  list? (filter: ListFilter): Awaitable<ListPage<SessionRecord>>
  count? (filter: { subject?: string }): Awaitable<number>
  /** Deletes up to `limit` expired records; how many it deleted. */
  removeExpired? (options: { limit?: number }): Awaitable<number>
  removeAll? (): Awaitable<void>
  /** Removes all records of a subject but one; how many it removed. */
  removeSubject? (subject: string, options: { except?: string }): Awaitable<number>
  /** Self-contained backends: whether the text should be sealed anew, although it is valid (an old secret). */
  isStale? (id: string): boolean
  close? (): Awaitable<void>
  /** Keeps the rule of `expectedVersion` in one step. @default false */
  readonly atomic?: boolean
  /**
   * The id is the cookie's text and holds the data. Its `read` answers at once, or is an `async function`.
   * @default false
   */
  readonly selfContained?: boolean
  /**
   * Self-contained backends: whether `read` answers without a promise, so that a session is opened at the first look only.
   * @default whether `read` is not an `async function`
   */
  readonly answersAtOnce?: boolean
  /** Self-contained backends: the most bytes of `Cookie` header that one session may take. @default 7168 */
  readonly maxBytes?: number
}

export interface ListFilter {
  subject?: string
  limit?: number
  cursor?: string
}

export interface ListPage<T> {
  sessions: T[]
  /** Hand it to the next call; `null` at the end. */
  cursor: string | null
}

// ---------------------------------------------------------------------------------------------- outside a request

/** A stored session as seen from outside a request. */
export interface SessionInfo<Data = SessionData> {
  id: string
  data: SessionPayload<Data>
  subject: string | null
  createdAt: Date
  lastAccessedAt: Date
  expiresAt: Date
}

/** `app.sessions`. What a backend cannot do rejects with `NotSupportedError`. */
export interface Sessions<Data = SessionData> {
  get (id: string): Promise<SessionInfo<Data> | null>
  exists (id: string): Promise<boolean>
  /** A loaded session from a `Cookie` header: for WebSocket upgrades and other servers. */
  open (cookieHeader: string | undefined): Promise<Session<Data>>
  /** Stores a session and gives the `Cookie` header for it: for tests and back-channel sign-in. */
  create (data: SessionPayload<Data>, options?: { subject?: string }): Promise<{ id: string, cookie: string }>
  /** Ends one session. */
  revoke (id: string): Promise<void>
  /** Ends all sessions of a user, also ones whose creation had begun; resolves to how many. */
  revokeSubject (subject: string, options?: { except?: string }): Promise<number>
  /** Ends every session. */
  revokeAll (): Promise<void>
  list (filter?: ListFilter): Promise<ListPage<SessionInfo<Data>>>
  count (filter?: { subject?: string }): Promise<number>
  /** Deletes expired sessions in bounded batches; resolves to how many. */
  removeExpired (options?: { limit?: number }): Promise<number>
}

export type SessionEventType =
  'created' | 'loaded' | 'saved' | 'renewed' | 'regenerated' | 'destroyed' |
  'revoked' | 'expired' | 'rejected' | 'conflict' | 'unavailable' | 'recovered'

/** Published on the `node:diagnostics_channel` named `fastsessions`, and logged at debug level. */
export interface SessionEvent {
  type: SessionEventType
  property: string
  id: string | null
  reason: string | null
}

// ---------------------------------------------------------------------------------------------- Fastify

// Names of their own: inside `declare module 'fastify'` a bare `Session` may be another plugin's.
type FastSession = Session
type FastSessions = Sessions
type FastSessionRoute = SessionRouteOptions

declare module 'fastify' {
  interface FastifyRequest {
    readonly session: FastSession
  }
  interface FastifyInstance {
    sessions: FastSessions
  }
  interface FastifyContextConfig {
    session?: false | FastSessionRoute
  }
}
