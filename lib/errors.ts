import { createError } from '@fastify/error'

/** How long a client waits after a 503, in seconds, as text of the Retry-After header (RFC 9110, 10.2.3). */
const RETRY_AFTER_SECONDS = '5'
/** How many keys `SessionTooLargeError` names. */
const NAMED_KEYS = 5

// The base class of each error: code, message, status. Codes are public (`SessionErrorCode`) and never reused.
// Fastify answers with the message of an error. What a client can provoke therefore says in its message neither where in the data it
// happened nor in which class, since keys may be data of users; `detail` does, and is in every log.
const Base = {
  InvalidOptions: createError('SES_INVALID_OPTIONS', '%s', 500, TypeError),
  NotLoaded: createError('SES_NOT_LOADED', 'The session is not loaded: call its load() first, or turn autoload on', 500),
  Required: createError('SES_REQUIRED', 'This route needs %s', 401),
  Limit: createError('SES_LIMIT', 'The most sessions that are allowed at the same time are %s', 403),
  Conflict: createError('SES_CONFLICT', 'The session was changed by another request: %s', 409),
  Destroyed: createError('SES_DESTROYED', 'The session has ended: %s', 409),
  TooLarge: createError('SES_TOO_LARGE', 'The session takes %s bytes, %s are allowed', 500),
  Validation: createError('SES_INVALID_DATA', 'The data of the session do not match the schema', 500),
  Serialization: createError('SES_NOT_SERIALIZABLE', 'The session cannot be stored: %s', 500),
  Unavailable: createError('SES_BACKEND_UNAVAILABLE', 'Sessions are unavailable for the moment', 503),
  Contract: createError('SES_BACKEND_CONTRACT', 'The store of the sessions does not answer as it must', 500),
  NotSupported: createError('SES_NOT_SUPPORTED', '%s does not support %s%s', 500),
  ReservedKey: createError('SES_RESERVED_KEY', '`%s` %s', 500, TypeError)
} as const

const MISSING = {
  session: 'a session',
  subject: 'a session that is signed in',
  fresh: 'a sign-in that is not so long ago',
  level: 'a sign-in of another level'
} as const

// NestJS, which answers 500 to errors that it does not know, goes by these members of the package http-errors.
for (const { prototype } of Object.values(Base)) {
  Object.defineProperties(prototype, {
    status: { get (this: { statusCode: number }) { return this.statusCode } },
    expose: { get (this: { statusCode: number }) { return this.statusCode < 500 } }
  })
}

/**
 * An option, a route's option, a lifetime or a filter is wrong, and registration or call is refused. The message names the full path,
 * the expectation and the value, never a secret.
 */
export class InvalidOptionsError extends Base.InvalidOptions {
  override readonly name = 'InvalidOptionsError'
}

/** The session was used before it was loaded. The message names the remedy. */
export class SessionNotLoadedError extends Base.NotLoaded {
  override readonly name = 'SessionNotLoadedError'
  /** For logs: the route, and what to call there. */
  readonly detail: string

  constructor (detail: string) {
    super()
    this.detail = detail
  }
}

/**
 * The client has no stored session, no signed-in session, or none that is fresh or strong enough, and the route requires it (401):
 * option `required` of the route. Also `reauthenticate()` of a guest.
 */
export class SessionRequiredError extends Base.Required {
  override readonly name = 'SessionRequiredError'
  /** What is missing, also in the body of the answer: what a client has to ask for. */
  readonly reason: 'session' | 'subject' | 'fresh' | 'level'

  /** @param needed what the message says; by default the same */
  constructor (reason: SessionRequiredError['reason'], needed = reason) {
    super(MISSING[needed])
    this.reason = reason
  }
}

/** A subject has as many sessions as `maxSessionsPerSubject` says, and `onLimit` is `'reject'` (403). Nothing was changed. */
export class SessionLimitError extends Base.Limit {
  override readonly name = 'SessionLimitError'
  /** How many sessions a subject may have. */
  readonly limit: number

  constructor (limit: number) {
    super(String(limit))
    this.limit = limit
  }
}

/**
 * A parallel request changed the session, and the changes of both could not be joined (409): `onConflict` is `'error'`, the merged
 * data violate the schema, or the bounded number of tries was used up. Nothing of the later request was written.
 */
export class SessionConflictError extends Base.Conflict {
  override readonly name = 'SessionConflictError'
}

/**
 * The session has ended (409): destroyed, regenerated, revoked, expired or evicted by the store, while this request ran or earlier in
 * this request.
 */
export class SessionDestroyedError extends Base.Destroyed {
  override readonly name = 'SessionDestroyedError'
}

/** The session exceeds a limit of the cookie or of the store. The stored session is untouched. */
export class SessionTooLargeError extends Base.TooLarge {
  override readonly name = 'SessionTooLargeError'
  /** Bytes that the session would take. */
  readonly size: number
  /** Bytes that a session may take. */
  readonly limit: number
  /** The largest keys of the payload with their bytes, largest first, at most five; empty where the backend does not know. */
  readonly keys: ReadonlyArray<readonly [key: string, bytes: number]>
  /** For logs: all of it, in words. */
  readonly detail: string

  /**
   * @param size bytes that the session would take
   * @param limit bytes that a session may take
   * @param sizes the bytes of each key, in any order
   */
  constructor (size: number, limit: number, sizes: ReadonlyArray<readonly [key: string, bytes: number]> = []) {
    const keys = [...sizes].sort((a, b) => b[1] - a[1]).slice(0, NAMED_KEYS)
    const largest = keys.map(([key, bytes]) => `${key} (${bytes} bytes)`).join(', ')
    super(String(size), String(limit))
    this.detail = this.message + (largest && `; its largest keys: ${largest}`) + '. Store less, or choose a backend that takes more'
    this.size = size
    this.limit = limit
    this.keys = keys
  }
}

/** The payload does not match the option `schema`. The stored session is untouched. */
export class SessionValidationError extends Base.Validation {
  override readonly name = 'SessionValidationError'
  /** Where, such as `session.basket[0].price`. */
  readonly path: string
  /** For logs: where, and what must be there. */
  readonly detail: string

  constructor (path: string, expectation: string) {
    super()
    this.detail = `${this.message}: \`${path}\` ${expectation}`
    this.path = path
  }
}

/** The payload has a value that cannot be stored (BigInt, function, cycle, Map…), or a subject is refused. Nothing was stored. */
export class SessionSerializationError extends Base.Serialization {
  override readonly name = 'SessionSerializationError'
  /** Where, such as `session.basket[0].price`; `subject` for a subject. */
  readonly path: string
  /** For logs: where, and what is wrong with the value. */
  readonly detail: string

  constructor (path: string, problem: string, options: { cause?: unknown } = {}) {
    // The application wrote the first key of the path; the keys below it may be the user's.
    const [first = path] = /^session\.[^.[]+/.exec(path) ?? []
    super(`${first === path ? '' : 'a value inside '}\`${first}\` ${problem}`)
    this.detail = `The session cannot be stored: \`${path}\` ${problem}`
    this.path = path
    if (options.cause !== undefined) this.cause = options.cause
  }
}

/**
 * The backend failed or did not answer within `timeout` (503). The session is neither "signed in" nor "signed out": no cookie is set
 * or cleared. `detail` says what happened; `cause` is the driver's error without what was sent, where the driver threw.
 */
export class BackendUnavailableError extends Base.Unavailable {
  override readonly name = 'BackendUnavailableError'
  /** Retry-After in seconds. Fastify's default error handler sends the headers of an error. */
  readonly headers: Readonly<Record<string, string>> = { 'retry-after': RETRY_AFTER_SECONDS }

  /** What happened, for logs: the store, the operation, a directory. Clients see `message`, which tells nothing about the inside. */
  readonly detail: string

  constructor (detail: string, options: { cause?: unknown } = {}) {
    super()
    this.detail = detail
    if (options.cause !== undefined) this.cause = options.cause
  }
}

/**
 * A backend answered with something that `SessionBackend` does not allow, or an encryptor with something that `Encryptor` does not: a
 * bug of the backend, or of the encryptor.
 */
export class BackendContractError extends Base.Contract {
  override readonly name = 'BackendContractError'
  /** For logs: which method of which backend, and what it must answer. */
  readonly detail: string

  constructor (detail: string, options: { cause?: unknown } = {}) {
    super()
    this.detail = detail
    if (options.cause !== undefined) this.cause = options.cause
  }
}

/** The backend has no such operation, or the moment does not allow the operation: the response head is out, a transaction runs. */
export class NotSupportedError extends Base.NotSupported {
  override readonly name = 'NotSupportedError'

  constructor (backend: string, operation: string, remedy = '') {
    super(backend, operation, remedy && `: ${remedy}`)
  }
}

/** A member of the session, or `request.session`, was assigned, or `__proto__` was used as a key of the data. Nothing was changed. */
export class ReservedKeyError extends Base.ReservedKey {
  override readonly name = 'ReservedKeyError'

  constructor (key: string, problem = problemOfKey(key)) {
    super(key, problem)
  }
}

function problemOfKey (key: string): string {
  if (key === '__proto__') return 'cannot be a key of the data: it would set the prototype of an object; choose another name'
  return `is a member of the session and cannot be assigned; to keep data under this key, call set('${key}', …)`
}

/** Whether an error is of a class of this file; any other error comes from a driver or from the application. */
export function isOwnError (error: unknown): error is Error {
  return Object.values(Base).some(base => error instanceof base)
}
