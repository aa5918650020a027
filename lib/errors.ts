import createError from '@fastify/error'

/** How long a client should wait after a 503, in seconds. */
const RETRY_AFTER_SECONDS = '5'
/** How many keys the error of a payload that is too large names. */
const NAMED_KEYS = 5

// One table of base classes: code, message, status. The codes are public and never reused.
const Base = {
  InvalidOptions: createError('SES_INVALID_OPTIONS', '%s', 500, TypeError),
  NotLoaded: createError('SES_NOT_LOADED', '%s', 500),
  Required: createError('SES_REQUIRED', 'This route needs %s', 401),
  Conflict: createError('SES_CONFLICT', 'The session was changed by another request: %s', 409),
  Destroyed: createError('SES_DESTROYED', 'The session has ended: %s', 409),
  TooLarge: createError('SES_TOO_LARGE', '%s', 500),
  Validation: createError('SES_INVALID_DATA', '%s', 500),
  Serialization: createError('SES_NOT_SERIALIZABLE', '%s', 500),
  Unavailable: createError('SES_BACKEND_UNAVAILABLE', '%s', 503),
  Contract: createError('SES_BACKEND_CONTRACT', '%s', 500),
  NotSupported: createError('SES_NOT_SUPPORTED', '%s does not support %s%s', 500),
  ReservedKey: createError('SES_RESERVED_KEY', '`%s` is a member of the session and cannot be a key of its data; choose another name', 500, TypeError)
} as const

/** A configuration that must not start; the message names path, expectation and value. */
export class InvalidOptionsError extends Base.InvalidOptions {
  override readonly name = 'InvalidOptionsError'
}

/** The session was used before it was loaded, or where the route has none. */
export class SessionNotLoadedError extends Base.NotLoaded {
  override readonly name = 'SessionNotLoadedError'
}

/** A route with `required` was called without such a session (401). */
export class SessionRequiredError extends Base.Required {
  override readonly name = 'SessionRequiredError'
}

/** Another request changed the session and the changes could not be joined (409); nothing was written. */
export class SessionConflictError extends Base.Conflict {
  override readonly name = 'SessionConflictError'
}

/** The session was destroyed, regenerated, revoked, expired or evicted meanwhile (409). */
export class SessionDestroyedError extends Base.Destroyed {
  override readonly name = 'SessionDestroyedError'
}

/** The payload does not fit; the stored session is untouched. Sizes are bytes. */
export class SessionTooLargeError extends Base.TooLarge {
  override readonly name = 'SessionTooLargeError'
  readonly size: number
  readonly limit: number
  /** The largest keys with their bytes, largest first. */
  readonly keys: ReadonlyArray<readonly [key: string, bytes: number]>

  /** @param sizes the bytes of each key, in any order; the five largest are named */
  constructor (size: number, limit: number, sizes: ReadonlyArray<readonly [key: string, bytes: number]> = []) {
    const keys = [...sizes].sort((a, b) => b[1] - a[1]).slice(0, NAMED_KEYS)
    const largest = keys.map(([key, bytes]) => `${key} (${bytes} bytes)`).join(', ')
    super(`The session takes ${size} bytes, ${limit} are allowed` + (largest && `; its largest keys: ${largest}`) +
      '. Store less, or choose a backend that takes more')
    this.size = size
    this.limit = limit
    this.keys = keys
  }
}

/** The payload does not match the schema; `path` says where. */
export class SessionValidationError extends Base.Validation {
  override readonly name = 'SessionValidationError'
  readonly path: string

  constructor (path: string, expectation: string) {
    super(`The session's data do not match the schema: expected \`${path}\` ${expectation}`)
    this.path = path
  }
}

/** The payload has something that cannot be stored; `path` says where. */
export class SessionSerializationError extends Base.Serialization {
  override readonly name = 'SessionSerializationError'
  readonly path: string

  constructor (path: string, problem: string, options: { cause?: unknown } = {}) {
    super(`The session cannot be stored: \`${path}\` ${problem}`)
    this.path = path
    if (options.cause !== undefined) this.cause = options.cause
  }
}

/** The backend failed or did not answer in time (503). `cause` has the driver's error. */
export class BackendUnavailableError extends Base.Unavailable {
  override readonly name = 'BackendUnavailableError'
  /** Fastify's default error handler sends these. */
  readonly headers: Readonly<Record<string, string>> = { 'retry-after': RETRY_AFTER_SECONDS }

  constructor (message: string, options: { cause?: unknown } = {}) {
    super(message)
    if (options.cause !== undefined) this.cause = options.cause
  }
}

/** A backend broke its contract: a bug of the backend. */
export class BackendContractError extends Base.Contract {
  override readonly name = 'BackendContractError'
}

/** The backend, or the moment, does not allow the operation. */
export class NotSupportedError extends Base.NotSupported {
  override readonly name = 'NotSupportedError'

  constructor (backend: string, operation: string, remedy = '') {
    super(backend, operation, remedy && `: ${remedy}`)
  }
}

/** A name of the session's own members was used as a key of its data. */
export class ReservedKeyError extends Base.ReservedKey {
  override readonly name = 'ReservedKeyError'
}

/** Whether an error is one of ours and says what it means already. */
export function isOwnError (error: unknown): error is Error {
  return Object.values(Base).some(base => error instanceof base)
}
