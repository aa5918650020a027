/**
 * The public contract of fastsessions on one page: payload, session, options, backends, `app.sessions`, events, errors. What it adds
 * to the types of Fastify is in `fastify.d.ts` beside this file.
 *
 * Units: a `Duration` is a number of seconds or a string with a unit. Instants in records are milliseconds since the epoch;
 * the session and `app.sessions` show instants as `Date` objects.
 *
 * Terms: a backend keeps a *record* of each session. The data of a session are its *payload*. The *subject* says whose session
 * it is, such as a user id. A *tombstone* is a record without payload, which keeps the id of an ended session taken for five
 * minutes. An *atomic* backend keeps the rule of `expectedVersion` in one step (see `SessionBackend.write`); a *self-contained*
 * backend, such as `CookieBackend`, keeps the whole session in the cookie.
 *
 * The examples use the payload which the example of `SessionData` declares.
 */
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'

/**
 * A finite number of **seconds** above 0, or a string of a number and a unit: `'90s'`, `'30m'`, `'12h'`, `'14d'`. The number in
 * a string may have a fraction, such as `'1.5h'`. Anything else is refused with `InvalidOptionsError`.
 */
export type Duration = number | string

/** Milliseconds since the epoch, an integer. */
export type Instant = number

/** A value, or a promise of the value. A backend which answers without a promise saves the request a turn of the event loop. */
export type Awaitable<T> = T | PromiseLike<T>

/**
 * A node-style callback, accepted as the last argument of the session's methods (except `transaction`). A method called with
 * a callback returns nothing.
 *
 * @example
 * request.session.save(error => { if (error !== null) request.log.error(error) })
 */
export type Callback<T = void> = (error: Error | null, result?: T) => void

// ---------------------------------------------------------------------------------------------- the payload

/**
 * The payload of `request.session`. An application augments this interface to give its payload a type. Every key counts as
 * optional, since a new session is empty.
 *
 * ```ts
 * declare module 'fastsessions' {
 *   interface SessionData { user: { id: string }, basket: string[], visits: number }
 * }
 * ```
 *
 * With a TypeBox object schema: `interface SessionData extends Static<typeof schema> {}`.
 */
export interface SessionData {}

/**
 * Types beside those of JSON which the option `serializer` of the application keeps, each under a name of any kind. Without such a
 * serializer they are refused when the session is stored: so a payload type that has them is an error where the session is used.
 *
 * ```ts
 * declare module 'fastsessions' {
 *   interface SerializerTypes { date: Date, map: Map<unknown, unknown> }
 * }
 * ```
 */
export interface SerializerTypes {}

/** The keys which `get`, `set`, `has` and `delete` accept: any string, until `SessionData` is augmented. */
export type SessionKey<Data = SessionData> = [keyof Data] extends [never] ? string : Extract<keyof Data, string>

/** The type of the value under a key of the payload; `unknown` for a key which the payload type does not have. */
export type SessionValue<Data, Key> = Key extends keyof Data ? Data[Key] : unknown

/**
 * A payload as a plain object, each key optional; any object, until `SessionData` is augmented. A key with `undefined` is absent, also
 * for compilers that tell the two apart (`exactOptionalPropertyTypes`).
 */
export type SessionPayload<Data = SessionData> =
  [keyof Data] extends [never] ? Record<string, unknown> : { [Key in keyof Data]?: Data[Key] | undefined }

// ---------------------------------------------------------------------------------------------- the session

/**
 * The type of `request.session`. Keys of the payload are own properties, methods and getters live on the prototype: so
 * `Object.keys(session)`, `JSON.stringify(session)` and spread see the payload and nothing else.
 *
 * A payload type with the name of a member, such as `id`, or with a type that JSON does not keep, such as `Date`, is a compile error
 * where the session is used.
 *
 * @example
 * request.session.visits = (request.session.visits ?? 0) + 1
 * delete request.session.basket
 */
export type Session<Data = SessionData> =
  Extract<KnownKey<Data>, keyof SessionMembers | ReservedKey> extends never
    ? KeyOfUnkept<Data> extends never
      ? [keyof Data] extends [never]
          ? Augment_the_interface_SessionData_of_fastsessions
          : SessionMembers<Data> & { [Key in keyof Data]?: Data[Key] | undefined }
      : { readonly 'SessionData has a type that JSON does not keep': KeyOfUnkept<Data> }
    : { readonly 'SessionData uses a reserved name': Extract<KnownKey<Data>, keyof SessionMembers | ReservedKey> }

/**
 * The session while its payload has no type. The name is the remedy, since it is what TypeScript says of `request.session.visits`:
 * "Property 'visits' does not exist on type 'Augment_the_interface_SessionData_of_fastsessions'". `get` and `set` take any key.
 */
export interface Augment_the_interface_SessionData_of_fastsessions extends SessionMembers<object> {}

/** Names kept free for planned members: they cannot be properties of the session, as the names of members cannot. `__proto__` is no key at all. */
export type ReservedKey = 'signal' | 'reauthenticate' | 'cookie' | 'sessionId' | '__proto__'

type KeyOfUnkept<Data> = { [Key in keyof Data]-?: [Unkept<Data[Key]>] extends [never] ? never : Key }[keyof Data]

type NotJson =
  Date | ReadonlyMap<any, any> | ReadonlySet<any> | RegExp | ArrayBuffer | ArrayBufferView | bigint | symbol | ((...args: any) => unknown)

/** The parts of a type which JSON would change, or drop; looked for five levels deep, since types may contain themselves. */
type Unkept<Value, Depth extends unknown[] = []> =
  unknown extends Value ? never
    : Value extends SerializerTypes[keyof SerializerTypes] ? never
      : Value extends NotJson ? Value
        : Value extends string | number | boolean | null | undefined | { toJSON (...args: any): unknown } ? never
          : Depth['length'] extends 5 ? never
            : Value extends ReadonlyArray<infer Item> ? Unkept<Item, [...Depth, 1]>
              : { [Key in keyof Value]-?: Unkept<Value[Key], [...Depth, 1]> }[keyof Value]

type KnownKey<Data> = keyof { [Key in keyof Data as string extends Key ? never : Key]: never }

/**
 * Methods and getters of `request.session`. Changes need no call: they are stored when the reply is sent, before its head.
 *
 * Each method which returns a promise (except `transaction`) also takes a node-style callback as its last argument, and then
 * returns nothing. Operations of one request run in the order of the calls, awaited or not. When the backend fails in an
 * operation, the request is answered with 503, whatever becomes of the promise.
 *
 * Some errors are common to many members:
 *
 * - `SessionNotLoadedError` for every access except `load` and `isLoaded`, before the session is loaded
 * - `SessionDestroyedError` for every method and change (except a second `destroy()`) after `destroy()`, or on an object which
 *   `regenerate()` has replaced
 * - `BackendUnavailableError` (503) when the backend fails or does not answer within `timeout`, and for every operation on the
 *   empty session of a request with `onUnavailable: 'anonymous'`
 * - `BackendContractError` when the backend answers with something that no backend may answer
 */
export interface SessionMembers<Data = SessionData> {
  /**
   * Reads one key; `undefined` when the key is absent. A change deep inside the returned value counts as a change of the session.
   *
   * @example
   * request.session.get('basket')?.push('apple')
   */
  get<Key extends SessionKey<Data>> (key: Key): SessionValue<Data, Key> | undefined
  /**
   * Writes one key and returns the session; `undefined` removes the key. A value which JSON would change or drop, such as a `Date`, is
   * refused only when the session is stored, with `SessionSerializationError`.
   *
   * A key may be the name of a member, such as `data`: it is a key like any other here, and no property.
   *
   * @throws ReservedKeyError when the key is `__proto__`
   * @example
   * request.session.set('visits', 1).set('basket', ['apple'])
   */
  set<Key extends SessionKey<Data>> (key: Key, value: SessionValue<Data, Key> | undefined): this
  /** Whether a key is present. A key set to `undefined` is absent. */
  has (key: SessionKey<Data>): boolean
  /**
   * Removes one key; `true` when the key was present. To end the session, call `destroy()`.
   *
   * @throws NotSupportedError without a key
   */
  delete (key: SessionKey<Data>): boolean
  /**
   * Removes all keys and the subject, also keys which parallel requests add before the commit. A session left empty is removed
   * from the store and its cookie cleared. To sign a user out, call `destroy()`.
   *
   * @example
   * request.session.clear()
   * request.session.set('visits', 1) // the only key that is left
   */
  clear (): void
  /**
   * Writes several keys and returns the session. Nothing is written when a key is refused. Check a request body against a
   * schema first: every key of the object becomes a key of the session.
   *
   * @throws ReservedKeyError when a key is `__proto__`
   * @example
   * request.session.update({ visits: 1, basket: [] })
   */
  update (partial: SessionPayload<Data>): this
  /**
   * A deep copy of the payload as a plain object: changing the copy changes nothing in the session.
   *
   * @example
   * const { visits = 0 } = request.session.data()
   */
  data (): SessionPayload<Data>

  /**
   * The public handle of the session, for logs and for `app.sessions`: no secret, since the cookie does not follow from the id. 64
   * hex digits for a server-side backend, 22 base64url characters in a cookie session. The same from before the first save until
   * `regenerateId`, `regenerate` or `login`. Reading the id stores nothing and sets no cookie.
   */
  readonly id: string
  /** The same as `id`, for code that comes from other session plugins. */
  readonly sessionId: string
  /** Whether the session is loaded; readable at any time. */
  readonly isLoaded: boolean
  /** Whether nothing is stored for this session yet. */
  readonly isNew: boolean
  /** Whether the session has neither data nor a subject. An empty session that was never stored gets no record and no cookie. */
  readonly isEmpty: boolean
  /**
   * Whether data, subject or lifetime policy differ from the stored session.
   *
   * @throws SessionSerializationError when the payload has a value which cannot be stored
   */
  readonly isModified: boolean
  /** The start of the absolute timeout: the first request of the session, or the last `login` or `regenerate`. */
  readonly createdAt: Date
  /** The last use that was recorded: up to `renewAfter` of the idle timeout older than the last use. */
  readonly lastAccessedAt: Date
  /** The nearer of the idle and the absolute deadline. `setLifetime` and `touch` show at once, a due renewal after the commit. */
  readonly expiresAt: Date
  /** Whose session it is, such as a user id; `null` before `login`, after `clear` and after `regenerate`. */
  readonly subject: string | null
  /** When the subject signed in, or proved again who it is (`reauthenticate`); `null` where `subject` is. */
  readonly signedInAt: Date | null
  /** How the subject has signed in, in a word of the application's own; `null` where `login` and `reauthenticate` were given none. */
  readonly level: string | null
  /** Further keys under which the session can be found and ended (`app.sessions.revokeLabel`), as `login` was given them. */
  readonly labels: readonly string[]
  /**
   * Why the session of the request's cookie has ended, on the fresh session in its place: `'revoked'`, `'evicted'` (a later sign-in
   * took its place), `'replaced'` (it goes on under a new id) or `'theft'`. `null` where nothing is known: after `destroy`, after
   * a deadline, and about an hour after the end.
   *
   * @example
   * if (request.session.endedBecause === 'evicted') return reply.view('signed-in-elsewhere')
   */
  readonly endedBecause: SessionEnding | null
  /**
   * Aborts when the session ends: by this process at once, by another process as soon as the backend reports the ending (`watch`; see
   * the guide "Sockets and streams that end with the session"), and at the deadline. With a new id the signal aborts, and the session
   * has a new signal. Once the response or the upgraded socket is closed, the signal aborts no more. Its `reason` is a
   * `SessionDestroyedError`. Reading it stores nothing.
   *
   * @example
   * app.get('/live', { websocket: true }, (socket, request) => {
   *   request.session.signal.addEventListener('abort', () => { socket.close(4401, 'signed out') })
   * })
   */
  readonly signal: AbortSignal

  /**
   * Loads the session where `autoload` is off for the request. A second call changes nothing.
   *
   * @throws BackendUnavailableError (503) when the backend cannot be reached, unless `onUnavailable` is `'anonymous'`
   * @example
   * await request.session.load()
   * const basket = request.session.get('basket')
   */
  load (callback: Callback): void
  load (): Promise<void>
  /**
   * Stores the changes now and puts the cookie on the reply at once. Needed only before `reply.hijack()`, before raw writes, and
   * in WebSockets or streams: all else is stored when the reply is sent. A payload that cannot be stored leaves the stored session
   * untouched.
   *
   * The cookie is then a header of `reply.raw`, and Node replaces it where `reply.raw.setHeader` or `reply.raw.writeHead` names
   * `Set-Cookie`. Add cookies of your own with `reply.raw.appendHeader('set-cookie', …)`.
   *
   * @throws SessionDestroyedError (409) when the session has ended meanwhile
   * @throws SessionConflictError (409) when changes of parallel requests cannot be joined
   * @throws SessionSerializationError, SessionValidationError, SessionTooLargeError when the payload cannot be stored
   * @throws NotSupportedError when a new cookie is needed after the response head is out: for a session that is not stored yet,
   * and for every change of a cookie session
   * @throws BackendUnavailableError (503) when the backend fails or does not answer within `timeout`
   * @example
   * await request.session.save()
   * reply.hijack()
   * reply.raw.end('written by hand')
   */
  save (callback: Callback): void
  save (): Promise<void>
  /**
   * Drops the changes that are not stored yet and reads the session again, to see what parallel requests have stored since. A
   * session that was never stored becomes empty and keeps its id.
   *
   * @throws SessionDestroyedError (409) when the session has ended meanwhile
   * @throws BackendUnavailableError (503) when the backend fails or does not answer within `timeout`
   * @example
   * await request.session.reload() // in a WebSocket, before acting on a message
   * if (request.session.subject === null) socket.close()
   */
  reload (callback: Callback): void
  reload (): Promise<void>
  /**
   * Extends the idle deadline with this response, whatever `renewAfter` says and on a `passive` route too; never past the
   * absolute deadline. `expiresAt` shows it at once. Without effect on a session that is not stored.
   *
   * @example
   * if (isTyping) request.session.touch() // a passive route that polls, and a user who is there
   */
  touch (): void
  /**
   * Gives the session a new id, for a change of rights without a new sign-in. Data, subject, lifetime policy and `createdAt` stay,
   * so the absolute deadline stays too; the call counts as use, on a `passive` route too. The old id is dead at once on every
   * node (OWASP ASVS 7.2.4); an old *cookie session* is valid until its deadline. What parallel requests have stored before is
   * carried over, what they store later is dropped.
   *
   * @throws SessionDestroyedError (409) when the session has ended, or the sessions of its subject were revoked, meanwhile
   * @throws NotSupportedError when the response head is out
   * @throws SessionConflictError (409) when changes of parallel requests cannot be joined
   * @throws SessionSerializationError, SessionValidationError, SessionTooLargeError when the payload cannot be stored
   * @throws BackendUnavailableError (503) when the backend fails or does not answer within `timeout`
   * @example
   * request.session.set('user', admin)
   * await request.session.regenerateId()
   */
  regenerateId (callback: Callback): void
  regenerateId (): Promise<void>
  /**
   * Starts over under a new id: both timeouts start anew, only the keys in `keep` stay (none by default), the subject goes. The
   * lifetime policy of a guest stays ("remember me", set before the sign-in), that of a signed-in session goes. The old id ends as
   * with `regenerateId`. `request.session` becomes a new object; the old object is frozen and can still be read. When the old session has ended meanwhile, the new session is empty.
   *
   * @param keep keys to keep; keys which the session does not have are passed over
   * @throws NotSupportedError when the response head is out
   * @throws SessionConflictError (409) when changes of parallel requests cannot be joined
   * @throws SessionSerializationError, SessionValidationError, SessionTooLargeError when the payload cannot be stored
   * @throws BackendUnavailableError (503) when the backend fails or does not answer within `timeout`
   * @example
   * await request.session.regenerate(['basket'])
   */
  regenerate (callback: Callback): void
  regenerate (keep: ReadonlyArray<SessionKey<Data>> | undefined, callback: Callback): void
  regenerate (keep?: ReadonlyArray<SessionKey<Data>>): Promise<void>
  /**
   * Signs a user in: sets the subject, gives the session a new id, starts both timeouts anew and writes `data`. Call `login` at
   * every sign-in, so that an id planted before the sign-in is worthless (session fixation, OWASP ASVS 7.2.4).
   *
   * Data and lifetime policy of a guest, or of the same subject, stay. Over the session of a different subject the new session starts
   * from nothing: it has `data` only, and the lifetime of the options. The old id ends as with `regenerateId`. When the old session
   * has ended meanwhile, the new session has nothing but `data`.
   *
   * @param subject a user id or the like: a string that is not empty, or an integer, which is kept as text; the key of
   * `app.sessions.revokeSubject`
   * @param data keys to write; a key with `undefined` is removed
   * @param options `labels`: at most four texts of 255 bytes, which are the labels from now on; `level`: how the user signed in
   * @throws SessionLimitError (403) where the subject has as many sessions as `maxSessionsPerSubject` says, and `onLimit` is `'reject'`
   * @throws SessionSerializationError when the subject is neither a string nor an integer, is empty, or has a NUL character or a
   * lone surrogate, and when `data` is no object
   * @throws ReservedKeyError when a key of `data` is `__proto__`
   * @throws SessionDestroyedError (409) when the sessions of the subject were revoked while the sign-in ran
   * @throws NotSupportedError when the response head is out
   * @throws SessionConflictError (409) when changes of parallel requests cannot be joined
   * @throws SessionSerializationError, SessionValidationError, SessionTooLargeError when the payload cannot be stored
   * @throws BackendUnavailableError (503) when the backend fails or does not answer within `timeout`
   * @example
   * await request.session.login(user.id, { user: { id: user.id } })
   */
  login (subject: string | number, callback: Callback): void
  login (subject: string | number, data: SessionPayload<Data> | undefined, callback: Callback): void
  login (subject: string | number, data: SessionPayload<Data> | undefined, options: LoginOptions | undefined, callback: Callback): void
  login (subject: string | number, data?: SessionPayload<Data>, options?: LoginOptions): Promise<void>
  /**
   * Notes that the same user has proved again who it is: `signedInAt` is now, and the session gets a new id as with `regenerateId`.
   * Data, subject, labels and deadlines stay, and the level unless one is given.
   *
   * @param options `level`: how the user proved it
   * @throws SessionRequiredError (401) when nobody is signed in
   * @throws as `regenerateId`
   * @example
   * await request.session.reauthenticate({ level: 'mfa' })
   */
  reauthenticate (callback: Callback): void
  reauthenticate (options: { level?: string | undefined } | undefined, callback: Callback): void
  reauthenticate (options?: { level?: string | undefined }): Promise<void>
  /**
   * Gives this session timeouts of its own ("remember me"). The policy is stored with the session; `regenerateId` keeps it, and so do
   * `login` and `regenerate` of a guest, and `login` of the same subject. Each call replaces the policy of an earlier call as a whole,
   * and changes the cookie, whatever this request has sent before; what the policy leaves out follows the options in force. A session
   * that is older than its new lifetime ends with this response, or with `save` or `regenerateId`: the record is removed and the cookie
   * cleared.
   *
   * @throws InvalidOptionsError for an unknown key, a value that is no duration, an `idleTimeout` above the `absoluteTimeout`, or more
   * than 400 days of either in a session whose cookie outlives the browser
   * @example
   * request.session.setLifetime({ idleTimeout: '30d', absoluteTimeout: '90d', persistent: true })
   */
  setLifetime (lifetime: SessionLifetime): void
  /**
   * Signs a user out: removes the record and clears the cookie. A new id which a parallel request has just given to the session
   * ends too. Afterwards the session reads as empty; a second `destroy()` resolves. An old copy of a *cookie session* is valid
   * until its deadline.
   *
   * @throws NotSupportedError for a stored cookie session when the response head is out, since its cookie cannot be cleared
   * @throws BackendUnavailableError (503) when the backend fails or does not answer within `timeout`
   * @example
   * app.post('/logout', async request => { await request.session.destroy() })
   */
  destroy (callback: Callback): void
  destroy (): Promise<void>
  /**
   * Changes the data atomically, for counters, balances and the like. `fn` gets a fresh copy of the payload as a plain object,
   * changes the copy in place, and is called again (up to ten times in all) when a parallel write came first: so `fn` must have
   * no side effects. Changes of the request that are not stored yet are part of the transaction.
   *
   * @returns what `fn` has returned
   * @throws NotSupportedError when the backend is not atomic, when `fn` calls an operation of the same session, and when a new
   * session needs its cookie after the response head is out
   * @throws SessionDestroyedError (409) when the session has ended meanwhile
   * @throws SessionConflictError (409) when ten tries were not enough, or changes before the transaction cannot be joined
   * @throws SessionSerializationError, SessionValidationError, SessionTooLargeError, ReservedKeyError when the result cannot be
   * stored
   * @throws BackendUnavailableError (503) when the backend fails or the whole takes longer than `timeout`; a transaction whose
   * outcome is unknown may have been applied once, and is not run again
   * @example
   * const visits = await request.session.transaction(data => {
   *   data.visits = (data.visits ?? 0) + 1
   *   return data.visits
   * })
   */
  transaction<T> (fn: (data: SessionPayload<Data>) => Awaitable<T>): Promise<T>
}

/** What `login` says of a sign-in beside whose it is. */
export interface LoginOptions {
  /** Further keys under which the session can be found and ended, such as an OIDC `sid` or a tenant. @default none */
  labels?: readonly string[] | undefined
  /** How the user has signed in, such as `'mfa'`. @default none */
  level?: string | undefined
}

/** The lifetime policy of one session, for `setLifetime`. What is left out follows the options in force. */
export interface SessionLifetime {
  /** @default the option `idleTimeout` */
  idleTimeout?: Duration
  /** `null` for never. @default the option `absoluteTimeout` */
  absoluteTimeout?: Duration | null
  /** Whether the session survives closing the browser: sends Max-Age, at most 400 days. @default the option `cookie.persistent` */
  persistent?: boolean
}

// ---------------------------------------------------------------------------------------------- options

/**
 * A value that two parallel requests have changed, each in its own way. `undefined` stands for an absent value. The values are copies,
 * which may be changed and returned.
 */
export interface SessionConflict {
  /** The keys that lead to the value, from the session on, such as `['basket', 'tea']`. */
  readonly path: readonly string[]
  /** What both requests read. */
  readonly base: unknown
  /** What the later commit wants stored. */
  readonly mine: unknown
  /** What is stored by now. */
  readonly theirs: unknown
}

/**
 * What becomes of values which two parallel requests have changed: see `SessionOptions.onConflict`. The function is synchronous and
 * changes nothing outside, since a commit that meets several conflicts asks several times. What it returns is stored at the path, and
 * `undefined` removes the key; an error that it throws is the error of the request.
 *
 * @example
 * const onConflict: OnConflict = ({ path, mine, theirs }) => path[0] === 'seen' ? Math.max(Number(mine), Number(theirs)) : mine
 */
export type OnConflict = 'merge' | 'error' | ((conflict: SessionConflict) => unknown)

/**
 * The options of the plugin. All of them are checked at registration: an unknown key, a wrong type or a dangerous combination
 * rejects the registration with `InvalidOptionsError`, whose message names path, expectation and value (never a secret).
 *
 * @example
 * await app.register(sessions, { secret: process.env.SESSION_SECRET, idleTimeout: '30m' })
 */
export interface SessionOptions {
  /**
   * At least 32 random bytes, or a list of such secrets; a string counts as its UTF-8 bytes. Required by `CookieBackend` and by
   * `encrypt: true`. The first secret seals, all of them open: to rotate, put the new secret in front. @default none
   *
   * @example
   * await app.register(sessions, { secret: [newSecret, oldSecret] })
   */
  secret?: string | Buffer | ReadonlyArray<string | Buffer> | undefined
  /**
   * Where sessions live. @default new CookieBackend()
   *
   * @example
   * await app.register(sessions, { backend: new RedisBackend(redis) })
   */
  backend?: SessionBackend
  /**
   * The name of the request decorator (`request.session`), of the route key (`config.session`) and, with an `s`, of the application
   * decorator (`app.sessions`): a JavaScript identifier which requests and application do not have yet. Registrations with
   * different properties work side by side, also on one backend. @default 'session'
   *
   * @example
   * await app.register(sessions, { property: 'admin', cookie: { path: '/admin' } }) // request.admin, config.admin, app.admins
   */
  property?: string
  /** Name and attributes of the session cookie. */
  cookie?: CookieOptions
  /**
   * Ends a session which is not used for so long. Use is a request whose handler or plugins read `request.session`, unless the
   * route is `passive`. @default '14d', or `absoluteTimeout` if that is less
   */
  idleTimeout?: Duration
  /**
   * Ends a session so long after its creation, used or not; `null` for never. A given `idleTimeout` above a given `absoluteTimeout`
   * is refused. @default '30d', or `idleTimeout` if that is more
   */
  absoluteTimeout?: Duration | null
  /**
   * How exact the idle deadline is: the deadline moves only once this share (0 to 1) of the idle timeout has passed since the last
   * recorded use. So most requests cost no write, and a write of changes moves no index of the store. A session ends between
   * (1 − `renewAfter`) · idle and idle after its last use. 0 is exact, at one write for each request that uses the session. A
   * session in its cookie moves its deadline with each change. @default 0.25
   *
   * @example
   * await app.register(sessions, { idleTimeout: '1h', renewAfter: 0.25 }) // ends 45 to 60 minutes after the last use
   */
  renewAfter?: number
  /**
   * Which requests load the session before the handler: all or none, those of the given paths, or those for which the function
   * returns `true`. In all other requests the session throws `SessionNotLoadedError` until the handler has awaited
   * `request.session.load()`. @default true
   *
   * @example
   * await app.register(sessions, { autoload: ['/app/*', /^\/admin/] })
   * await app.register(sessions, { autoload: request => request.method !== 'OPTIONS' })
   */
  autoload?: boolean | AutoloadPath | ReadonlyArray<AutoloadPath> | ((request: FastifyRequest) => boolean)
  /**
   * Paths whose requests get no session at all, as routes with `session: false`: `request.session` is `null`, nothing is read,
   * stored or sent. A route with `required` keeps its session. @default none
   *
   * @example
   * await app.register(sessions, { exclude: ['/health', '/assets/*'] })
   */
  exclude?: AutoloadPath | ReadonlyArray<AutoloadPath>
  /**
   * JSON Schema of the payload (draft 7, or 2020-12 where `$schema` says so); a TypeBox schema is one. Checked when the session is
   * stored, after a merge on its result, and when data of a different `schemaVersion` are loaded. A payload which does not match
   * is refused with `SessionValidationError`. Nothing is coerced, defaulted or removed. @default none
   *
   * @example
   * await app.register(sessions, { schema: Type.Object({ visits: Type.Optional(Type.Integer()) }) })
   */
  schema?: object
  /** The version of the payload's shape, an integer from 1 to 2,147,483,647, stored with each session. @default 1 */
  schemaVersion?: number
  /**
   * Brings data of an older `schemaVersion` up to date when they are loaded; called with a copy, returns the new data. If `migrate`
   * throws, or the result does not match the schema, the user gets a new session. Data of a *newer* version (a rolling deployment)
   * are used if they match the schema; else they are a 503 and are never overwritten. @default none: older data are taken as
   * they are
   *
   * @example
   * await app.register(sessions, {
   *   schemaVersion: 2,
   *   migrate: (data, fromVersion) => fromVersion < 2 ? { ...data, basket: [] } : data
   * })
   */
  migrate?: (data: Record<string, unknown>, fromVersion: number) => Record<string, unknown>
  /**
   * Turns payloads into text and back, for values that JSON does not keep. @default JSON, safe against `__proto__`
   *
   * @example
   * await app.register(sessions, { serializer: { serialize: superjson.stringify, deserialize: superjson.parse } })
   */
  serializer?: SessionSerializer
  /**
   * Seals payloads at rest in server-side backends, bound to the session's id: a payload which was changed, or moved to a different
   * record, is no session. Id, subject, deadlines and policy stay readable (docs/security.md, *What encrypt detects*). `true` seals
   * with XAES-256-GCM and needs `secret`; an encryptor of your own needs none. Refused with `CookieBackend`, which seals by itself.
   * @default false
   *
   * @example
   * await app.register(sessions, { backend: new RedisBackend(redis), secret: process.env.SESSION_SECRET, encrypt: true })
   * await app.register(sessions, { backend: new RedisBackend(redis), encrypt: { seal, open } })
   */
  encrypt?: boolean | Encryptor
  /**
   * What becomes of values which two parallel requests have changed, each in its own way. The changes of both are kept where they
   * differ by path: plain objects that were changed in place are merged key by key at any depth, while an array, any other value,
   * and an object that was assigned to a key of the session are one value each.
   *
   * Of a value that both have changed, `'merge'` keeps what the later commit has. `'error'` joins nothing: a request whose changes
   * meet changes of another request, of whatever values, is answered with `SessionConflictError` (409); a `transaction()` and a new
   * id without further changes are tried again. It needs an atomic backend. A function is asked, and its answer is kept: see `appendBoth` for
   * lists. Subject and lifetime policy count as a value each, of which the function is not asked. In cookie sessions the last
   * response wins. @default 'merge'
   *
   * @example
   * await app.register(sessions, { backend: new MemoryBackend(), onConflict: 'error' })
   * await app.register(sessions, { backend: new MemoryBackend(), onConflict: appendBoth })
   */
  onConflict?: OnConflict
  /**
   * Whose session it is, read from the data at each commit: for applications whose sign-in does not call `login()`. `null` and
   * `undefined` stand for nobody; an integer is kept as text; `login()` wins. A subject that appears without a new id of the session
   * is an event (`conflict`, reason `fixation`) and one warning. @default only `login()` says it
   *
   * @example
   * await app.register(sessions, { backend, subject: data => data.passport?.toString() })
   */
  subject?: (data: SessionPayload & Record<string, any>) => string | number | null | undefined
  /**
   * What `app.sessions.list` shows of a session beside its data, such as the browser: asked at `login`, `regenerate` and the first
   * save, at most 512 bytes as JSON, and nothing secret. What is more, a promise or an exception is left out with one warning. Not
   * kept in cookie sessions, unless `CookieBackend` has `aboutInCookie: true`. @default nothing
   *
   * @example
   * await app.register(sessions, { backend, about: request => ({ agent: request.headers['user-agent'], ip: request.ip }) })
   */
  about?: (request: FastifyRequest) => object
  /**
   * How many sessions a subject may have at the same time, from 1 to 1,000; exact also where it signs in on several nodes at once. A
   * function may answer with a promise; where it fails the sign-in is a 503. Needs an atomic backend that lists. @default no limit
   *
   * @example
   * await app.register(sessions, { backend, maxSessionsPerSubject: 5, onLimit: 'reject' })
   */
  maxSessionsPerSubject?: number | ((subject: string) => Awaitable<number>)
  /**
   * What becomes of one sign-in too many: `'evict-oldest'` ends the session that signed in first, `'reject'` refuses the sign-in with
   * `SessionLimitError` (403) and changes nothing. @default 'evict-oldest'
   */
  onLimit?: 'evict-oldest' | 'reject'
  /**
   * How old `lastAccessedAt` may be while the session is used, at the price of one `touch` for each such time; never for `passive`
   * routes. @default as old as `renewAfter` lets it become
   *
   * @example
   * await app.register(sessions, { backend, seenEvery: '5m' })
   */
  seenEvery?: Duration
  /**
   * Puts a secret behind the token in the cookie (`token.secret`), and changes it so often while the session is used, in a minute at the
   * soonest: so a copy of a cookie gives itself away. The id stays. The secret before is good until the new one has come back, and for
   * 60 s beyond, for parallel requests and lost answers; each answer to it carries the current cookie. A used-up secret, or any other, is
   * an event `theft`, and opens nothing. Secrets are derived from `secret`, the same on all nodes, and stored nowhere. Costs two writes for
   * each interval. Needs `secret` and an atomic server-side backend. @default off: a cookie is good for as long as its session
   *
   * @example
   * await app.register(sessions, { backend: new RedisBackend(redis), secret: process.env.SESSION_SECRET, renewSecretEvery: '15m' })
   */
  renewSecretEvery?: Duration
  /**
   * What becomes of a session whose cookie comes with a secret that was used up, or that it never had. `'end'` ends the session, so that
   * owner and thief are signed out, and `endedBecause` is `'theft'`. `'report'` is the event alone: a request with the secret right before
   * the current one is served, and any other has no session. @default 'end'
   */
  onTheft?: 'report' | 'end'
  /**
   * Where sessions of a different library come from, so that nobody is signed out when an application moves in: readers of
   * `fastsessions/migrate`, or your own. A cookie of theirs is looked at only where ours is absent; its session becomes one of ours, through
   * `migrate`, `schema` and `subject`, and ends no later than theirs until `login` or `regenerate`. @default none
   *
   * @example
   * await app.register(sessions, { backend, migrateFrom: [fromFastifySession({ secret: oldSecret, store: oldStore })] })
   */
  migrateFrom?: readonly SessionReader[]
  /**
   * What a request gets when its session cannot be loaded because the backend fails. `'error'` is a 503 with Retry-After.
   * `'anonymous'` is an empty session for this request: plain changes are dropped with a warning, no cookie is set or cleared, and
   * operations such as `login` or `save` are a 503. Never use `'anonymous'` where access is decided. @default 'error'
   *
   * @example
   * app.get('/feed', { config: { session: { onUnavailable: 'anonymous' } } }, handler)
   */
  onUnavailable?: 'error' | 'anonymous'
  /**
   * The longest that one load, or one commit with its retries, may take, whether the driver settles or not; then the answer is a
   * 503 with Retry-After. @default 5
   */
  timeout?: Duration
  /**
   * How much memory this process may take for payloads that need not be parsed again, and as much for cookies that need not be opened
   * again; in bytes, by an estimate. The store is asked all the same. Some 10,000 sessions with a payload of 200 characters find room by
   * default; the session that was kept longest goes first. `0` keeps nothing. @default 16000000
   *
   * @example
   * await app.register(sessions, { secret, cacheBytes: 64_000_000 })
   */
  cacheBytes?: number
  /**
   * The clock, in milliseconds since the epoch, for tests. Redis and Memcached also expire by their own clocks. @default Date.now
   *
   * @example
   * await app.register(sessions, { backend: new MemoryBackend(), now: () => clock.now })
   */
  now?: () => Instant
}

/**
 * A path of the request, as the application's router reads it: decoded, without the query, and by the router's own options on
 * case, trailing and duplicate slashes. A string is exact, unless it ends in `*`: `'/app/*'` matches all that begins with `/app/`.
 * A RegExp is tested against the path, in its own case.
 */
export type AutoloadPath = string | RegExp

/** Name and attributes of the session cookie (RFC 6265bis). Clearing repeats them. */
export interface CookieOptions {
  /**
   * The name of the cookie. The prefixes `__Host-`, `__Secure-`, `__Http-` and `__Host-Http-` are refused where browsers would not
   * accept them (RFC 6265bis, 4.1.3).
   * @default '__Host-' + property when `secure` is `true`, `path` is '/' and no domain is set; else the property. With
   * `secure: 'auto'` that name on https requests, and the property on http requests
   */
  name?: string
  /**
   * The paths to which browsers send the cookie. A request for another path, as the browser asked for it, has an empty session that
   * is never stored and touches no cookie: changes are dropped with one warning, `save`, `login` and the like reject with
   * `NotSupportedError`.
   * @default '/'
   */
  path?: string
  /** @default none: only the host which has set the cookie gets it back */
  domain?: string
  /** Hides the cookie from scripts in the page. @default true */
  httpOnly?: boolean
  /** `'none'` requires `secure: true`. @default 'lax' */
  sameSite?: 'lax' | 'strict' | 'none'
  /** Keeps a cookie of its own for each embedding site (CHIPS); requires `secure: true`. @default false */
  partitioned?: boolean
  /** Which cookies a browser drops first when it has too many. @default none */
  priority?: 'low' | 'medium' | 'high'
  /**
   * Whether browsers send the cookie over https only. `'auto'` is Secure on https requests and not on http; behind a proxy set
   * Fastify's `trustProxy`. Unless `name` is set, each scheme then has a cookie of its own, and a request reads, sets and clears
   * that of its scheme only. `'auto'` does not count as Secure where Secure is required. @default true
   */
  secure?: boolean | 'auto'
  /**
   * Sends Max-Age, so that the session survives closing the browser. Then neither timeout may be above 400 days, the limit of
   * browsers (RFC 6265bis, 5.5); an `absoluteTimeout` of `null` may. @default false
   */
  persistent?: boolean
}

/**
 * `config.session` of a route, or the name of the option `property` in its place: route options, `true` for the options of the
 * registration alone, or `false` for no session at all: `request.session` is `null`, and there is no read, no write, no cookie.
 * Checked when the route is added, with `InvalidOptionsError`.
 *
 * @example
 * app.get('/health', { config: { session: false } }, handler)
 * app.get('/account', { config: { session: { required: 'subject' } } }, handler)
 */
export type SessionRoute = SessionRouteOptions | (boolean & RouteHints)

/** The options of a route: see `SessionRoute`. */
export interface SessionRouteOptions {
  /** Whether the session is loaded before the handler. @default as the option `autoload` says */
  autoload?: boolean
  /** Requests of the route are no use: they do not extend the idle deadline, and changes are stored all the same. @default false */
  passive?: boolean
  /**
   * Answers 401 (`SessionRequiredError`) without a stored session (`true`), or without a signed-in session (`'subject'`). Loads
   * whatever `autoload` says; a backend which cannot be reached is a 503, never a 401. @default false
   *
   * @example
   * app.get('/me', { config: { session: { required: 'subject' } } }, async request => request.session.subject)
   * app.post('/password', { config: { session: { required: { fresh: '10m', level: ['mfa'] } } } }, handler)
   */
  required?: boolean | 'subject' | (SessionRequirements & NoText)
  /** Asks the store itself, past every cache. `required.fresh` does so too. @default false */
  fresh?: boolean
  /** As the option of the plugin; without effect beside `required`. @default the option `onUnavailable` */
  onUnavailable?: 'error' | 'anonymous'
}

/** What a route requires of a session; what is missing is the `reason` of the 401, and in its body. */
export interface SessionRequirements {
  /** Somebody is signed in. Implied by the others. @default false */
  subject?: boolean
  /** The longest time since the sign-in, or since `reauthenticate`. @default any */
  fresh?: Duration
  /** The levels that will do, each by its name: no level is above another. @default any */
  level?: string | readonly string[]
}

/**
 * What TypeScript says of a wrong route option: "Type '"user"' is not assignable to type 'Expected_true_false_or_subject & "user"'".
 * Fastify joins the type of `config` with what a route has there; beside a bare `boolean`, the message would be about `false`.
 */
interface RouteHints {
  readonly autoload?: Expected_a_boolean
  readonly passive?: Expected_a_boolean
  readonly required?: Expected_true_false_or_subject
  readonly fresh?: Expected_a_boolean
  readonly onUnavailable?: Expected_error_or_anonymous
}

/** A text has all members of an object without required ones. */
interface NoText { readonly charAt?: never }

declare const hint: unique symbol
interface Expected_a_boolean { readonly [hint]: true }
interface Expected_true_false_or_subject { readonly [hint]: true }
interface Expected_error_or_anonymous { readonly [hint]: true }

/**
 * Turns payloads into text and back. Both functions are synchronous. `serialize` is deterministic and takes any subset of the
 * keys, none included; its text has no NUL character and no lone surrogate. What `serialize` throws becomes the cause of a
 * `SessionSerializationError`; a text which `deserialize` refuses is no session.
 */
export interface SessionSerializer {
  serialize (data: Record<string, unknown>): string
  deserialize (text: string): Record<string, unknown>
}

/**
 * Seals payloads at rest: for keys that a vault or a module of your company holds. Both functions are synchronous, and only see
 * payloads of server-side backends. Nobody but who has the key may be able to make text that `open` accepts, and it must accept a
 * text for the `id` of its sealing only: give the id to the cipher as associated data.
 *
 * @example
 * const encryptor: Encryptor = {
 *   seal: (text, id) => vault.encrypt(text, { context: id }),
 *   open: (text, id) => vault.decrypt(text, { context: id }) ?? null
 * }
 */
export interface Encryptor {
  /**
   * The payload's text as it is stored: never empty, without NUL characters and lone surrogates. What `seal` throws becomes the
   * cause of a `SessionSerializationError`, and nothing is stored.
   */
  seal (text: string, id: string): string
  /**
   * The text that was sealed; `null` for text that is not authentic, which is no session (event `rejected`, reason `tampered`).
   * An exception, a promise or any other answer is a bug or a key that is not there, never "no session": the request is answered
   * with `BackendContractError` (500), and nothing is set or cleared.
   */
  open (text: string, id: string): string | null
}

// ---------------------------------------------------------------------------------------------- backends

/** What a backend keeps of a session: plain JSON, set whole by the core and frozen. */
export interface SessionRecord {
  /**
   * The key of the record: 64 hex digits for a server-side backend, 22 base64url characters in a cookie session. With `cookies` of
   * the backend, what they say.
   */
  readonly id: string
  /** A random integer, 1 to 2^48 − 1: new for each write, kept when the same write is repeated. Compared for equality only. */
  readonly version: number
  /** The payload as text, opaque to backends. The empty text marks a tombstone, which `list` and `count` leave out. */
  readonly data: string
  /** The option `schemaVersion` with which the payload was written. */
  readonly schemaVersion: number
  readonly createdAt: Instant
  readonly lastAccessedAt: Instant
  /** The nearer deadline; from this instant on the record counts as absent. */
  readonly expiresAt: Instant
  /** Whose session it is; `null` before a sign-in. */
  readonly subject: string | null
  /** `null` for a session which follows the options in force. */
  readonly policy: SessionPolicy | null
  /** What the core keeps beside the payload, at most 2 kB as JSON. Kept as it is by backends. */
  readonly meta: SessionMeta | null
}

/** A record in a listing. */
export interface ListedRecord extends SessionRecord {
  /** The values of the application's own columns, by their names: where `DatabaseBackend` has the option `extra`. */
  readonly extra?: Readonly<Record<string, unknown>>
}

/** The lifetime policy of one session, in milliseconds. Kept as it is by backends. */
export interface SessionPolicy {
  readonly idleTimeout?: number
  /** `null` for never. */
  readonly absoluteTimeout?: number | null
  readonly persistent?: boolean
  /** The deadline of a session that came from a different library (`migrateFrom`), until `login` or `regenerate`. */
  readonly until?: Instant
}

/** What the core keeps of a session beside its payload. Each member is absent where there is nothing to say. */
export interface SessionMeta {
  /** When the subject signed in, or proved again who it is. */
  readonly signedInAt?: Instant
  /** How the subject has signed in, such as `'mfa'`: a word of the application. */
  readonly level?: string
  /** Further keys under which the session can be found and ended; at most four. */
  readonly labels?: readonly string[]
  /** What the option `about` has said of the request that began the session. */
  readonly about?: Readonly<Record<string, unknown>>
  /** Whether the option `subject` has read the subject from the data. */
  readonly derived?: boolean
  /** Whether the session came from a different library (`migrateFrom`): its end leaves a tombstone. */
  readonly arrived?: boolean
  /** Where the secrets stand that the session's cookie has behind its token (`renewSecretEvery`). */
  readonly renewal?: SecretRenewal
  /**
   * Of a session that signed in while the mark of a revocation stood, of its subject or of a label: the version of the revocation's
   * mark, or those of several.
   */
  readonly mark?: number | readonly number[]
  /** Of a tombstone only: the new id of the session. */
  readonly successor?: string
  /** Of a tombstone only: why the session has ended. */
  readonly reason?: SessionEnding
  /** Of the record that counts the sessions of a subject: the ids of sign-ins under way, each with the time of its begin. */
  readonly pending?: ReadonlyArray<readonly [id: string, at: Instant]>
  /** Set by `MigratingBackend` while sessions move between two stores, and seen in the stores only. */
  readonly moved?: number
}

/** Where the secrets of a session's cookie stand: numbers, of which no secret can be made without the option `secret`. */
export interface SecretRenewal {
  /** The number of the current secret: 3 is the first of a session that began with one, 1 of any other. */
  readonly counter: number
  /** Since when the current secret is handed out. */
  readonly renewedAt: Instant
  /** When the current secret came back for the first time; absent until then. Of a session's first: its begin. */
  readonly acknowledgedAt?: Instant
  /** When the secret before came back for the first time, where that was less than a minute before the renewal. */
  readonly previousAcknowledgedAt?: Instant
}

/** Why a session has ended, as `session.endedBecause` says: `'replaced'` by a new id. */
export type SessionEnding = 'revoked' | 'evicted' | 'replaced' | 'theft'

/** What a backend may use beside the record, such as for columns of the application's own. */
export interface WriteContext {
  /** The payload, parsed at the first access; empty when the write ends the session. */
  readonly data: Readonly<Record<string, unknown>>
  /** Absent outside a request. */
  readonly request?: FastifyRequest
}

/** What `bind` gets at registration. */
export interface BackendContext {
  /** Keeps registrations on one store apart: the sessions of one property are nothing to a different property. */
  readonly property: string
  /** The clock to decide about deadlines with. */
  readonly now: () => Instant
  /** The first secret seals, all of them open; empty when the registration has none. */
  readonly secrets: readonly Buffer[]
  /** With `secure: 'auto'` a self-contained backend is bound for each of both names: what is written for the first is read for the first. */
  readonly cookie: BackendCookie
  /** Milliseconds. */
  readonly timeout: number
  /** The bytes that a backend may take for records which it could make again. */
  readonly cacheBytes?: number
  readonly log: FastifyBaseLogger
}

/** The cookie of a registration, as its backend is told. */
export interface BackendCookie extends Readonly<Omit<CookieOptions, 'name' | 'persistent'>> {
  readonly name: string
  /** Whether the application has set `cookie.name`; else the name is made of the property. */
  readonly isNamed?: boolean
}

/**
 * How a server-side backend makes the cookies of its sessions, where an application without fastsessions has to read them too. Without
 * it a cookie has a random token, and the id is the token's hash.
 */
export interface CookieTexts {
  /** The longest text that can be of such a cookie, in characters. */
  readonly maxLength: number
  /**
   * A new id, of at least 128 random bits, and its text as it stands in the `Cookie` header; percent signs are allowed.
   *
   * @param seed 43 base64url characters that nobody can guess, in place of random bits: the same seed makes the same id (`migrateFrom`)
   */
  create (seed?: string): { id: string, text: string }
  /** The id in a text of a client; `null` for text that is not authentic: then the store is not asked. Never throws. */
  idOf (text: string): string | null
}

/**
 * Where sessions live. Three methods are enough; docs/backends.md says what each optional part buys, and `testBackend` of
 * `fastsessions/testing` proves an implementation.
 *
 * Expired records are absent to every method, and a write of an expired record leaves nothing readable. Every method may answer at
 * once or with a promise. An error of a driver is a 503 for the request (`BackendUnavailableError`, with the error as its `cause`); an
 * error class of fastsessions reaches the request as it is.
 *
 * @example
 * class MapBackend implements SessionBackend {
 *   readonly #records = new Map<string, SessionRecord>()
 *   read (id: string) { return this.#records.get(id) ?? null }
 *   remove (id: string) { this.#records.delete(id) }
 *   write (id: string, record: SessionRecord) {
 *     this.#records.set(id, record)
 *     return id
 *   }
 * }
 */
export interface SessionBackend {
  /**
   * The record under an id; `null` when there is none. Ids come from outside too (`app.sessions.get(id)`): any text which is no id
   * is absent, and no error. An answer which is no record counts as no session.
   */
  read (id: string): Awaitable<SessionRecord | null>
  /**
   * Stores the record and returns its id. The rule of `expectedVersion`, which an `atomic` backend keeps in one step:
   *
   * - a record whose own `version` is stored already: returns the id and changes nothing (a repeated write)
   * - `expectedVersion` is the stored version, or `0` and nothing is stored: writes, and returns the id
   * - `expectedVersion` is anything else: writes nothing, and returns `null`, or the stored record (which saves a read)
   * - no `expectedVersion`: writes, and returns the id
   *
   * Any other answer is a `BackendContractError`. `id` is `null` only for a self-contained backend, which returns the cookie's text.
   *
   * @throws SessionTooLargeError when the record exceeds a limit of the store
   * @example
   * write (id: string, record: SessionRecord, expectedVersion?: number) {
   *   const stored = this.read(id) // `null` when the record has expired
   *   if (stored?.version === record.version) return id
   *   if (expectedVersion !== undefined && expectedVersion !== (stored?.version ?? 0)) return stored
   *   this.#records.set(id, record)
   *   return id
   * }
   */
  write (
    id: string | null, record: SessionRecord, expectedVersion?: number, context?: WriteContext
  ): Awaitable<string | SessionRecord | null>
  /** The records under several ids, in their order: what `read` answers for each of them, by one call of the store where it can. */
  readMany? (ids: readonly string[]): Awaitable<ReadonlyArray<SessionRecord | null>>
  /** Removes the record; resolves too when there is none. */
  remove (id: string): Awaitable<void>
  /**
   * Renews a session without writing its payload: takes over `lastAccessedAt` and `expiresAt` of `record` if `record.version` is
   * the stored version, else changes nothing. Keeps the version. Without this method the core renews by `write`; so it does in an
   * atomic backend where the application calls `session.touch()`.
   *
   * @returns `false` when there is no record, `null` when a different version is stored: the core then reads the record. `true` for
   * a different version, too, keeps a use from being recorded where a parallel request has written, and may send the cookie of an
   * id which has just been replaced
   */
  touch? (id: string, record: SessionRecord): Awaitable<boolean | null>
  /**
   * Called once for each registration; returns the backend for that registration, often a view on the same store which has the
   * property in its keys. Without this method the backend is used as it is.
   *
   * @throws InvalidOptionsError when the registration lacks something, such as a secret
   * @example
   * bind ({ property, now }: BackendContext) { return new MapBackend(`${this.prefix}${property}:`, now) }
   */
  bind? (context: BackendContext): SessionBackend
  /**
   * Called once at registration, after `bind`: looks whether the store is fit for use, such as whether a table exists. An error of
   * fastsessions, such as `InvalidOptionsError`, stops the start of the application. `BackendUnavailableError` and errors of a
   * driver are logged only, since a server which is down now may be up later.
   */
  prepare? (): Awaitable<void>
  /**
   * For a backend on a fleet of servers, where each session is on one of them: the name of the server which holds an id, such as
   * `cache-2:11211`. Answers at once, from what this process knows, and never fails. The name only tells servers apart: a server
   * which is down must not count as an outage of the rest.
   *
   * @returns `null` where there is a single server, and for an id which no server holds
   * @example
   * serverOf (id: string) { return this.#ring.serverFor(id)?.address ?? null }
   */
  serverOf? (id: string): string | null
  /**
   * As `read`, and past every cache: for a backend with a cache in front of a store (`CachedBackend`). `read` then answers the loads of
   * requests only, but for routes with `fresh`; whatever decides about a change or an ending asks this. @default `read`
   */
  readFresh? (id: string): Awaitable<SessionRecord | null>
  /**
   * Tells what happens to the sessions of this registration, also when another process did it: the id of each that was changed or has
   * ended, and `null` where anything may have changed, as after an interruption. May also report what was created, renewed, or done by
   * this process. A report says nothing about the order of things: who hears an id asks the store. A listener that throws keeps nothing
   * from others.
   *
   * Caches and `session.signal` use it. Called after `bind`, any number of times; each answer is closed by who asked.
   *
   * @example
   * const watch = backend.watch(id => { id === null ? cache.clear() : cache.delete(id) })
   * const mayServe = () => watch.isLive
   */
  watch? (listener: (id: string | null) => void, options?: WatchOptions): SessionWatch
  /** Whether there is a record; a tombstone may count. Spares the core a `read` when the answer is no. */
  exists? (id: string): Awaitable<boolean>
  /** A page of live sessions; tombstones are left out. The core checks the filter beforehand. */
  list? (filter: ListFilter): Awaitable<ListPage<ListedRecord>>
  /** How many live sessions there are, or a subject or label has; tombstones are left out. */
  count? (filter: Pick<ListFilter, 'subject' | 'label'>): Awaitable<number>
  /**
   * Deletes up to `limit` expired records and returns how many. The core calls again until fewer are deleted. A store which
   * expires by itself returns 0.
   */
  removeExpired? (options: { limit?: number }): Awaitable<number>
  /** Ends all sessions of the property. */
  removeAll? (): Awaitable<void>
  /**
   * Ends all sessions of a subject, except the session with the id `except`; returns how many. Where `ending` is given, each leaves a
   * copy of it under its id: a tombstone, whose `meta` tells the client why the session has ended.
   */
  removeSubject? (subject: string, options: RemoveOptions): Awaitable<number>
  /** The same for the sessions that have a label among those of their `meta`. A backend with this method takes `label` in `list` and `count`. */
  removeLabel? (label: string, options: RemoveOptions): Awaitable<number>
  /** Self-contained backends: whether a valid text is to be sealed anew, because an old secret has sealed it. */
  isStale? (id: string): boolean
  /** Called when the application closes, and may be called twice. Stops timers; the application closes its clients itself. */
  close? (): Awaitable<void>
  /**
   * Whether `write` keeps the rule of `expectedVersion` in one step, such as by a script or by `UPDATE … WHERE version = …`. No
   * update is lost, and no ended session comes back, only with such a backend. @default false
   */
  readonly atomic?: boolean
  /**
   * Whether the id is the cookie's text and holds the whole session. `read` of such a backend answers at once or is an
   * `async function`, since a backend which answers at once is asked only when a handler looks at the session. @default false
   */
  readonly selfContained?: boolean
  /**
   * Self-contained backends: whether `read` answers without a promise. To be given where the function does not show it: a wrapper,
   * or a compiler which rewrites async functions. @default whether `read` is no `async function`
   */
  readonly answersAtOnce?: boolean
  /**
   * Self-contained backends, once bound: where the endings of sessions are kept, and for how many milliseconds an answer of that backend
   * may be used again. Without it a copy of a cookie is valid until its deadline.
   */
  readonly revocation?: { readonly backend: SessionBackend, readonly stalenessMs: number } | undefined
  /** Self-contained backends: whether the session carries what the option `about` says. @default false */
  readonly aboutInCookie?: boolean
  /** Self-contained backends: the most bytes of `Cookie` header for one session. @default 7168 */
  readonly maxBytes?: number
  /**
   * Self-contained backends: whether the text must fit a single cookie, since somebody else reads the cookie too. Then `maxBytes` limits
   * name, value and attributes together. @default false
   */
  readonly unsplit?: boolean
  /** For a backend with a cache: how many reads it has answered itself, and how many the store has, since the start. */
  readonly cache?: Readonly<{ hits: number, misses: number }> | undefined
  /** Server-side backends: how cookies are made, where others read them too. @default random tokens, whose hash is the id */
  readonly cookies?: CookieTexts | undefined
  /**
   * Whether applications without fastsessions read and write the data of the same sessions, as JSON: `encrypt` and `serializer` are
   * refused, and the option `subject` is asked at each load too. @default false
   */
  readonly shared?: boolean
}

/** What a backend's `watch` answers. */
export interface SessionWatch {
  /**
   * Whether all that was done up to a `lease` ago has been reported. `false` while the store is out of reach, or silent: then reports
   * may be missing, and `null` is reported before the watch is live again. To ask is what keeps a remote watch alive and makes it look
   * for a connection that is lost: no timer does.
   */
  readonly isLive: boolean
  /** Whether changes of other processes may go unreported, and only their endings are certain to be. @default false */
  readonly reportsOnlyEndings?: boolean
  /** Ends the reports; may be called twice. */
  close (): Awaitable<void>
}

/** How a backend is watched. */
export interface WatchOptions {
  /** The longest that a lost connection may go unnoticed, in milliseconds. Ignored where there is nothing to lose. @default 1000 */
  lease?: number
}

/** How a backend ends many sessions at once. */
export interface RemoveOptions {
  /** The id of a session to keep. */
  except?: string
  /** A tombstone without an id, as a pattern for the tombstones of the sessions. */
  ending?: Omit<SessionRecord, 'id'>
}

/** Which sessions to list. */
export interface ListFilter {
  /** Only the sessions of this subject. */
  subject?: string
  /** Only the sessions with this label. */
  label?: string
  /** The most sessions on a page, an integer above 0. @default 100 with the backends of this package */
  limit?: number | undefined
  /** Where to go on: the `cursor` of the page before. */
  cursor?: string | undefined
}

/** A page of sessions. A page may have fewer sessions than `limit`, although more pages follow. */
export interface ListPage<T> {
  sessions: T[]
  /** Where the next page begins; `null` at the end. */
  cursor: string | null
}

// ---------------------------------------------------------------------------------------------- moving in

/** The cookies of a request which a reader may look at: raw text, as the browser sent it. */
export interface ForeignCookies {
  /** The names of the cookies, each once, in the header's order. */
  readonly names: readonly string[]
  /** The values of the cookies with a name, in the header's order: at most four, none decoded. */
  valuesOf (name: string): readonly string[]
}

/** A session that a different library keeps, checked by its reader: authentic, not expired, not revoked. */
export interface ForeignSession {
  readonly data: Record<string, unknown>
  /** When the library ends the session; `null` where nothing says so. Ours never lives longer, until `login` or `regenerate`. */
  readonly expiresAt: Instant | null
  /**
   * Text which only holders of the cookie know, and which is the same for each request with the same cookie: parallel first requests
   * meet in one session by it. The checked value of the cookie, signature included, is such a text; a bare id of a store is not.
   */
  readonly secret: string
  /** Whose session it is, where the format says so. @default what the option `subject` finds in the data */
  readonly subject?: string | null
  /** Which `schemaVersion` the data have, as `migrate` is told. @default 0 */
  readonly schemaVersion?: number
  /** The record of a session that was kept by this library: its creation, lifetime policy and sign-in are kept. */
  readonly record?: SessionRecord
  /** Removes the record in the library's store: called with `clear: true` once our session is stored. */
  remove? (): Awaitable<unknown>
}

/** A cookie that is no session, and why: the `reason` of a `rejected` event. */
export interface ForeignRejection {
  readonly rejected: 'malformed' | 'forged' | 'expired' | 'unknown' | 'corrupt'
  /** The `secret` of an authentic cookie whose record the store does not have: with `clear: true` the session may be ours already. */
  readonly secret?: string
}

/**
 * Reads the sessions of a different library, for the option `migrateFrom`. `fastsessions/migrate` has readers for the libraries that
 * people come from; a reader of your own has three members. A reader writes nothing, and throws only where its store fails (a 503).
 */
export interface SessionReader {
  /** The library, for events and messages. */
  readonly name: string
  /** The cookie's name; a reader of split cookies looks at `name-0`, `name.1` … too. */
  readonly cookieName: string
  /** The names of the cookies that belong to the session, among those of a request. @default `cookieName` alone */
  ownNames? (names: readonly string[]): readonly string[]
  /** Whether the library's cookie and record are removed once the session is ours. Set it when no old node is left. @default false */
  readonly clear?: boolean
  /** Where the library set its cookie, so that it can be cleared there. @default `{ path: '/' }` */
  readonly cookie?: Readonly<{ path?: string, domain?: string }>
  /** Called at registration; the answer takes the reader's place. */
  bind? (context: BackendContext): SessionReader
  /** `null` where the request has no cookie of the library. */
  read (cookies: ForeignCookies): Awaitable<ForeignSession | ForeignRejection | null>
}

// ---------------------------------------------------------------------------------------------- outside a request

/** A stored session as `app.sessions` shows it: a copy, and no way to change the session. */
export interface SessionInfo<Data = SessionData> {
  id: string
  data: SessionPayload<Data>
  subject: string | null
  createdAt: Date
  lastAccessedAt: Date
  expiresAt: Date
  signedInAt: Date | null
  level: string | null
  labels: readonly string[]
  /** What the option `about` said of the request that began the session. */
  about: Readonly<Record<string, unknown>> | null
  /**
   * In a listing, the values of the application's own columns, by their names and as the driver reads them: where `DatabaseBackend` has
   * the option `extra`.
   */
  extra?: Readonly<Record<string, unknown>>
}

/** Who or what ends sessions, for the events. */
export interface RevokeOptions {
  /** The `reason` of the event. @default what was revoked: `'subject'`, `'label'`, `'all'`, or none for one session */
  reason?: string | undefined
  /** Who did it, such as the id of an administrator. @default nobody */
  actor?: string | undefined
}

/**
 * `app.sessions`: sessions outside a request. An id is what `session.id` shows.
 *
 * A method rejects with `NotSupportedError` when the backend lacks the operation: a cookie session has `open` and `create` only. It
 * rejects with `BackendUnavailableError` when the backend fails, or does not answer within `timeout` (`list`, `count`,
 * `removeExpired` and `revokeAll` may take longer). It rejects with `InvalidOptionsError` for unknown keys of options, and for a
 * `subject` or an id that is given as `undefined` or `null`: an absent value never means everybody.
 */
export interface Sessions<Data = SessionData> {
  /**
   * A stored session, or `null`. Reading does not extend the deadlines.
   *
   * @example
   * const owner = (await app.sessions.get(id))?.subject
   */
  get (id: string): Promise<SessionInfo<Data> | null>
  /** Whether a live session is stored under an id. */
  exists (id: string): Promise<boolean>
  /**
   * Opens the session of a `Cookie` header, for WebSocket upgrades and servers beside Fastify. With `cookie.secure: 'auto'` the
   * cookie of https comes first, then that of http. Without a valid cookie the session is empty. Changes of a stored server-side
   * session are stored by `save()` or `transaction()` only. Operations which need a new cookie (`login`, `regenerate`, the first
   * save of a session, any change of a cookie session) reject with `NotSupportedError`.
   *
   * @example
   * server.on('upgrade', async request => {
   *   const session = await app.sessions.open(request.headers.cookie)
   *   if (session.subject === null) request.destroy()
   * })
   */
  open (cookieHeader: string | undefined): Promise<Session<Data>>
  /**
   * Stores a new session, for tests and back-channel sign-in. Resolves to its `id` and to the value of the `Cookie` header (`name=…`)
   * with which a client uses the session; with `cookie.secure: 'auto'` the header has the cookies of both schemes.
   *
   * @throws SessionSerializationError, SessionValidationError, SessionTooLargeError, ReservedKeyError when the data or the subject
   * cannot be stored
   * @throws SessionDestroyedError when the sessions of the subject were revoked meanwhile
   * @example
   * const { cookie } = await app.sessions.create({ visits: 1 }, { subject: 'alice' })
   * await app.inject({ url: '/me', headers: { cookie } })
   */
  create (data: SessionPayload<Data>, options?: LoginOptions & { subject?: string }): Promise<{ id: string, cookie: string }>
  /**
   * Ends one session, also under a new id which it got meanwhile; resolves too when there is none.
   *
   * @example
   * await app.sessions.revoke(id)
   */
  revoke (id: string, options?: RevokeOptions): Promise<void>
  /**
   * Ends all sessions of a subject ("sign out everywhere"), also sessions whose creation had begun on any node. A sign-in that
   * begins afterwards is new. Resolves to how many stored sessions were ended.
   *
   * @param options `except`: the id of a session to keep
   * @throws SessionSerializationError when the subject is not a string or is empty
   * @example
   * await app.sessions.revokeSubject('alice', { except: request.session.id })
   */
  revokeSubject (subject: string, options?: RevokeOptions & { except?: string | undefined }): Promise<number>
  /**
   * Ends all sessions with a label, as `revokeSubject` ends those of a subject: for an OIDC `sid`, a tenant, a role.
   *
   * @example
   * await app.sessions.revokeLabel(`oidc:${issuer}#${sid}`)
   */
  revokeLabel (label: string, options?: RevokeOptions & { except?: string | undefined }): Promise<number>
  /** Ends every session of this registration. */
  revokeAll (options?: RevokeOptions): Promise<void>
  /** What has happened in this process since the start, as counters. */
  metrics (): SessionMetrics
  /**
   * A page of live sessions, in no particular order. A session which is there throughout is listed (with Redis maybe twice, see
   * docs/backends.md); a session stored or ended meanwhile may be missing.
   *
   * @throws InvalidOptionsError for an unknown filter or a wrong value
   * @example
   * let page = await app.sessions.list({ subject: 'alice', limit: 20 })
   * while (page.cursor !== null) page = await app.sessions.list({ subject: 'alice', limit: 20, cursor: page.cursor })
   */
  list (filter?: ListFilter): Promise<ListPage<SessionInfo<Data>>>
  /**
   * How many live sessions there are, or a subject has.
   *
   * @throws InvalidOptionsError for an unknown filter or a wrong value
   * @example
   * const devices = await app.sessions.count({ subject: 'alice' })
   */
  count (filter?: { subject?: string, label?: string }): Promise<number>
  /**
   * Deletes expired sessions in batches, safe beside traffic and on several nodes at once; resolves to how many. 0 where the store
   * expires by itself, such as Redis.
   *
   * @param options `limit`: the most sessions to delete, an integer above 0; no limit by default
   * @throws InvalidOptionsError for an unknown key or a wrong value
   * @example
   * const removed = await app.sessions.removeExpired({ limit: 10_000 })
   */
  removeExpired (options?: { limit?: number | undefined }): Promise<number>
}

// ---------------------------------------------------------------------------------------------- events and errors

/** Counters of a registration since the start of the process. */
export interface SessionMetrics {
  /** Sessions that began. */
  readonly created: number
  /** Sessions that ended, by the cause that this process knows of. */
  readonly ended: Readonly<Record<'logout' | 'rotate' | 'revoke' | 'evict' | 'expire' | 'theft', number>>
  readonly loads: number
  /** Sessions that were stored: new, changed, renewed, or under a new id. */
  readonly writes: number
  /** Values that two requests have changed, each in its own way. */
  readonly conflicts: number
  /** Commits that met a change of another process, and were tried again. */
  readonly retries: number
  /** Cookies that stood for no session, and refused sign-ins. */
  readonly rejected: number
  readonly unavailable: number
  readonly cache: Readonly<{ hits: number, misses: number }>
}

/**
 * What an event is about: the session of a request (`created`, `loaded`, `saved`, `renewed`, `regenerated`, `destroyed`), a cookie
 * that stands for no session (`expired`, `rejected`), a parallel write or an ended session met at the commit (`conflict`),
 * `app.sessions` (`revoked`), a sign-in that took the place of another session (`evicted`), a cookie whose secret was used up or is none of
 * the session's (`theft`, reason `used-up` or `unknown`), the backend (`unavailable`, `recovered`).
 */
export type SessionEventType =
  'created' | 'loaded' | 'saved' | 'renewed' | 'regenerated' | 'destroyed' |
  'revoked' | 'evicted' | 'expired' | 'rejected' | 'conflict' | 'unavailable' | 'recovered' | 'theft'

/** Why a session began, moved or ended; `'limit'` of a sign-in that was refused. */
export type SessionCause = 'login' | 'logout' | 'rotate' | 'revoke' | 'evict' | 'expire' | 'theft' | 'limit'

/**
 * An event of the life cycle, without data and without tokens. Published on the channel `fastsessions` of
 * `node:diagnostics_channel`, and logged at debug level.
 *
 * @example
 * diagnostics.subscribe('fastsessions', event => { counters.increment((event as SessionEvent).type) })
 */
export interface SessionEvent {
  type: SessionEventType
  /** The option `property` of the registration. */
  property: string
  /** The session's id; `null` where no session is meant or known. */
  id: string | null
  /** Why, in one word, such as `'unknown'` or `'tampered'` of a rejected cookie; `null` where the type says all. */
  reason: string | null
  /** Whose session it is; `null` where that is not known. */
  subject: string | null
  /** The `id` of the request; `null` outside a request. */
  requestId: string | null
  /** `null` where the event neither begins nor ends a session. */
  cause: SessionCause | null
  /** Who has revoked the session, as `app.sessions.revoke…` was told. */
  actor: string | null
  /**
   * With the reason `'overwritten'` only: the keys that lead to the value of which a parallel change was lost, such as
   * `['basket', 'tea']`; `['subject']` and `['policy']` also stand for the subject and the lifetime policy.
   */
  path?: readonly string[]
}

/**
 * A call of a backend, as `tracingChannel('fastsessions:backend')` of `node:diagnostics_channel` tells it, without data and without
 * tokens: `start` and `end` around the call, `asyncStart` and `asyncEnd` where the backend answers with a promise, or does not answer in
 * time, and `error` where it fails. All of them get the same object. A call is over at the `end` or `asyncEnd` at which it has a `result`
 * or an `error`. A tracer must not throw: Node ends the process then.
 *
 * @example
 * const begins = new WeakMap<object, number>()
 * tracingChannel('fastsessions:backend').start.subscribe(call => { begins.set(call as BackendCall, performance.now()) })
 */
export interface BackendCall {
  /** The option `property` of the registration. */
  readonly property: string
  /** The class of the backend, such as `'RedisBackend'`. */
  readonly backend: string
  /** The method of the backend. */
  readonly operation:
    'read' | 'write' | 'touch' | 'remove' | 'exists' | 'list' | 'count' | 'removeExpired' | 'removeAll' | 'removeSubject' | 'removeLabel' |
    'prepare'
  /** The id of the record; `null` for a call about several, and for a session in its cookie, whose id is the cookie's text. */
  readonly id: string | null
  /** Numbers, booleans and `null` as the backend has answered; present and `undefined` for everything else, such as a session. */
  result?: number | boolean | null | undefined
  /** What went wrong, without what was sent, as the `cause` of a `BackendUnavailableError` is. Absent where nothing did. */
  error?: Error
}

/**
 * The codes of all error classes of this package: one for each class, never reused. With this type a misspelt code in a `switch` is
 * a compile error.
 *
 * @example
 * app.setErrorHandler((error: FastifyError, request, reply) => {
 *   switch (error.code as SessionErrorCode) {
 *     case 'SES_REQUIRED': return reply.redirect('/login')
 *     default: return reply.send(error)
 *   }
 * })
 */
export type SessionErrorCode =
  'SES_INVALID_OPTIONS' | 'SES_NOT_LOADED' | 'SES_REQUIRED' | 'SES_CONFLICT' | 'SES_DESTROYED' | 'SES_TOO_LARGE' |
  'SES_INVALID_DATA' | 'SES_NOT_SERIALIZABLE' | 'SES_BACKEND_UNAVAILABLE' | 'SES_BACKEND_CONTRACT' | 'SES_NOT_SUPPORTED' |
  'SES_RESERVED_KEY' | 'SES_LIMIT'
