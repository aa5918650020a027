import type { FastifyRequest } from 'fastify'
import type { Awaitable, OnConflict, SessionBackend, SessionOptions, SessionReader } from '../../types/index.d.ts'
import { autoloadMatcher, excludeMatcher } from './autoload.ts'
import { MAIN_PROPERTY } from '../backends/conventions.ts'
import { CookieBackend } from '../backends/cookie.ts'
import { cookieSettings, type SchemeCookies } from './cookie-settings.ts'
import { optionsCheck, unexpected } from '../tools/check-options.ts'
import { durationOf } from '../tools/option-duration.ts'
import { PayloadCodec } from '../payload/codec.ts'
import { encryptorOf } from '../payload/encryption.ts'
import type { LifetimeOptions } from '../record/lifetime.ts'
import { lifetimeOptions } from './lifetime-options.ts'
import { checkLimit } from './limits.ts'
import { readersOf } from './readers.ts'
import { optionsSchema } from './options-schema.ts'
import type { PathTest, RouterOptions } from './paths.ts'
import { PEERS_OPTIONS } from './peers.ts'
import { checkRenewedSecrets } from './renewed-secrets.ts'
import { secretsOf } from './secrets.ts'
import { compilePayloadSchema } from '../payload/payload-schema.ts'
import { jsonSerializer } from '../payload/serializer.ts'
import { DEFAULT_CACHE_BYTES } from '../tools/text-cache.ts'

/** The longest delay of a timer: `setTimeout` fires at once when the delay is longer. */
const MAX_TIMER_MS = 2 ** 31 - 1
const BACKEND_METHODS = ['read', 'write', 'remove'] as const

/** Options checked, completed and frozen: all that the rest of the code sees of a configuration. */
export interface Settings extends SchemeCookies {
  /** The first secret protects; the rest only open texts of earlier days. Empty where no secret is given. */
  readonly secrets: readonly Buffer[]
  readonly backend: SessionBackend
  readonly property: string
  readonly lifetime: LifetimeOptions
  readonly autoload: (request: FastifyRequest) => boolean
  /** Requests that get no session at all; `null` where there are none. */
  readonly exclude: PathTest | null
  readonly codec: PayloadCodec
  readonly onConflict: OnConflict
  /** Whose session it is, by its data; `null` where only `login()` says it. */
  readonly subject: ((data: Record<string, unknown>) => unknown) | null
  /** What to keep of the request that begins a session; `null` for nothing. */
  readonly about: ((request: FastifyRequest) => object) | null
  /** `null` for no limit. */
  readonly maxSessionsPerSubject: number | ((subject: string) => Awaitable<number>) | null
  readonly onLimit: 'evict-oldest' | 'reject'
  /** How old `lastAccessedAt` may become while the session is used; `Infinity` where renewals alone decide. */
  readonly seenEveryMs: number
  /** How often the secret in the cookie changes; `Infinity` for never: then there is none. */
  readonly renewSecretEveryMs: number
  readonly onTheft: 'report' | 'end'
  /** What reads the sessions of other libraries, in their order. */
  readonly migrateFrom: readonly SessionReader[]
  readonly onUnavailable: 'error' | 'anonymous'
  /** The longest wait for the backend, in milliseconds. */
  readonly timeoutMs: number
  /** What a cache of sessions that were read before may take: of parsed payloads, and of opened cookies. */
  readonly cacheBytes: number
  /** Whole milliseconds since the epoch. */
  readonly now: () => number
}

const checkOptions = optionsCheck(optionsSchema, PEERS_OPTIONS)

/**
 * Checks and completes options; the caller's object is not changed.
 *
 * @param router how the application's router reads URLs
 * @throws InvalidOptionsError
 */
export function resolveOptions (options: SessionOptions, router: RouterOptions = {}): Settings {
  checkOptions(options, '')
  checkFunctions(options)
  const secrets = secretsOf(options.secret)
  const backend = options.backend ?? new CookieBackend()
  checkBackend(backend, options)
  checkLimit(backend, options)
  checkRenewedSecrets(backend, options)
  const cookies = cookieSettings(options)
  const lifetime = lifetimeOptions(options)
  const { cacheBytes = DEFAULT_CACHE_BYTES } = options
  return Object.freeze({
    secrets,
    backend,
    property: options.property ?? MAIN_PROPERTY,
    ...cookies,
    lifetime,
    autoload: autoloadMatcher(options.autoload, router),
    exclude: excludeMatcher(options.exclude, router),
    codec: codecOf(options, secrets, cacheBytes),
    cacheBytes,
    onConflict: options.onConflict ?? 'merge',
    subject: options.subject ?? null,
    about: options.about ?? null,
    maxSessionsPerSubject: options.maxSessionsPerSubject ?? null,
    onLimit: options.onLimit ?? 'evict-oldest',
    seenEveryMs: options.seenEvery === undefined ? Infinity : durationOf('seenEvery', options.seenEvery),
    renewSecretEveryMs: options.renewSecretEvery === undefined ? Infinity : durationOf('renewSecretEvery', options.renewSecretEvery),
    onTheft: options.onTheft ?? 'end',
    migrateFrom: readersOf(options.migrateFrom, [cookies.cookie.name, cookies.plainCookie.name]),
    onUnavailable: options.onUnavailable ?? 'error',
    timeoutMs: Math.min(durationOf('timeout', options.timeout ?? 5), MAX_TIMER_MS),
    now: clockOf(options)
  })
}

function checkFunctions (options: SessionOptions): void {
  for (const name of ['about', 'migrate', 'now', 'subject'] as const) {
    const value: unknown = options[name]
    if (value !== undefined && typeof value !== 'function') throw unexpected(name, 'a function', value)
  }
  const { serializer } = options
  if (serializer === undefined) return
  if (typeof serializer.serialize !== 'function' || typeof serializer.deserialize !== 'function') {
    throw unexpected('serializer', 'an object with the functions serialize and deserialize', serializer)
  }
}

function checkBackend (backend: SessionBackend, { onConflict, encrypt = false, serializer }: SessionOptions): void {
  for (const method of BACKEND_METHODS) {
    const value: unknown = backend[method]
    if (typeof value === 'function') continue
    throw unexpected(`backend.${method}`, 'a function', value, 'a session backend has the methods read, write and remove')
  }
  if (onConflict === 'error' && backend.atomic !== true) {
    throw unexpected('onConflict', '\'merge\' with a backend that is not atomic', onConflict, 'conflicts cannot be told there')
  }
  if (encrypt !== false && backend.selfContained === true) {
    const remedy = 'CookieBackend encrypts by itself, unless its `mode` is \'sign\'; `encrypt` is for server-side backends'
    throw unexpected('encrypt', 'left out with a backend that keeps sessions in their cookies', encrypt, remedy)
  }
  if (backend.shared !== true) return
  const remedy = 'the other application reads and writes the data as JSON'
  if (encrypt !== false) throw unexpected('encrypt', 'left out with a backend that is shared', encrypt, remedy)
  if (serializer !== undefined) throw unexpected('serializer', 'left out with a backend that is shared', serializer, remedy)
}

/** Instants in records are integers, but the application's clock may count fractions of a millisecond. */
function clockOf ({ now }: SessionOptions): () => number {
  return now === undefined ? Date.now : () => Math.trunc(now())
}

function codecOf (options: SessionOptions, secrets: readonly Buffer[], cacheBytes: number): PayloadCodec {
  const codec = {
    serializer: options.serializer ?? jsonSerializer,
    schema: compilePayloadSchema(options.schema),
    schemaVersion: options.schemaVersion ?? 1,
    migrate: options.migrate,
    encryptor: encryptorOf(options.encrypt, secrets, `payload of ${options.property ?? MAIN_PROPERTY}`),
    cacheBytes
  }
  try {
    return new PayloadCodec(codec)
  } catch (cause) {
    const error = unexpected('serializer', 'able to serialize an empty object', options.serializer, (cause as Error).message)
    throw Object.assign(error, { cause })
  }
}
