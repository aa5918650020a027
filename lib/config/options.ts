import type { FastifyRequest } from 'fastify'
import type { CookieOptions, SessionBackend, SessionLifetime, SessionOptions, SessionPolicy } from '../../types/index.d.ts'
import { autoloadMatcher } from './autoload.ts'
import { MAIN_PROPERTY } from '../backends/conventions.ts'
import { CookieBackend } from '../backends/cookie.ts'
import { missingSecret, optionsCheck, SECRET_RECIPE, unexpected } from '../tools/check-options.ts'
import { PayloadCodec } from '../payload/codec.ts'
import { sealedEnvelope } from '../crypto/envelope.ts'
import { toMilliseconds } from '../tools/duration.ts'
import { InvalidOptionsError } from '../errors.ts'
import type { LifetimeOptions } from '../record/lifetime.ts'
import { lifetimeSchema, optionsSchema } from './options-schema.ts'
import { compilePayloadSchema } from '../payload/payload-schema.ts'
import { jsonSerializer } from '../payload/serializer.ts'

const DAY_MS = 86_400_000
const DEFAULT_IDLE_MS = 14 * DAY_MS
const DEFAULT_ABSOLUTE_MS = 30 * DAY_MS
/** Browsers keep no cookie for longer (RFC 6265bis, 5.5). */
const MAX_PERSISTENT_MS = 400 * DAY_MS
/** A longer timer would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1
const MIN_SECRET_BYTES = 32
const BACKEND_METHODS = ['read', 'write', 'remove'] as const

/** The attributes of the session cookie, complete. */
export type CookieSettings = Required<Omit<CookieOptions, 'domain' | 'priority' | 'persistent'>> & Pick<CookieOptions, 'domain' | 'priority'>

/** Options checked, completed and frozen: all that the rest of the code sees of a configuration. */
export interface Settings {
  readonly secrets: readonly Buffer[]
  readonly backend: SessionBackend
  readonly property: string
  readonly cookie: Readonly<CookieSettings>
  readonly lifetime: LifetimeOptions
  readonly autoload: (request: FastifyRequest) => boolean
  readonly codec: PayloadCodec
  readonly onConflict: 'merge' | 'error'
  readonly onUnavailable: 'error' | 'anonymous'
  readonly timeoutMs: number
  readonly now: () => number
}

const checkOptions = optionsCheck(optionsSchema)
const checkLifetime = optionsCheck(lifetimeSchema)

/** Checks and completes options; the caller's object is not changed. Throws `InvalidOptionsError`. */
export function resolveOptions (options: SessionOptions): Settings {
  checkOptions(options, '')
  checkFunctions(options)
  const secrets = secretsOf(options.secret)
  const backend = options.backend ?? new CookieBackend()
  checkBackend(backend, options)
  if (options.encrypt === true && secrets.length === 0) throw missingSecret('`encrypt`')
  const cookie = cookieOf(options)
  const lifetime = lifetimeOf(options)
  if (lifetime.persistent && Math.min(lifetime.idleMs, lifetime.absoluteMs) > MAX_PERSISTENT_MS) {
    throw unexpected('idleTimeout', 'at most 400 days where `cookie.persistent` is true', options.idleTimeout, 'browsers keep no cookie for longer (RFC 6265bis, 5.5)')
  }
  return Object.freeze({
    secrets,
    backend,
    property: options.property ?? MAIN_PROPERTY,
    cookie,
    lifetime,
    autoload: autoloadMatcher(options.autoload),
    codec: codecOf(options, secrets, backend),
    onConflict: options.onConflict ?? 'merge',
    onUnavailable: options.onUnavailable ?? 'error',
    timeoutMs: Math.min(durationOf('timeout', options.timeout ?? 5), MAX_TIMER_MS),
    now: clockOf(options)
  })
}

/** Checks a lifetime policy and converts it to milliseconds. Throws `InvalidOptionsError`. */
export function parseLifetime (lifetime: SessionLifetime): SessionPolicy {
  checkLifetime(lifetime, 'lifetime')
  const { idleTimeout, absoluteTimeout, persistent } = lifetime
  const policy: { -readonly [Key in keyof SessionPolicy]: SessionPolicy[Key] } = {}
  if (idleTimeout !== undefined) policy.idleTimeout = durationOf('lifetime.idleTimeout', idleTimeout)
  if (absoluteTimeout !== undefined) policy.absoluteTimeout = absoluteTimeout === null ? null : durationOf('lifetime.absoluteTimeout', absoluteTimeout)
  if (persistent !== undefined) policy.persistent = persistent
  assertOrder(policy.idleTimeout, policy.absoluteTimeout ?? undefined, 'lifetime.')
  return Object.freeze(policy)
}

function checkFunctions (options: SessionOptions): void {
  for (const name of ['migrate', 'now'] as const) {
    const value: unknown = options[name]
    if (value !== undefined && typeof value !== 'function') throw unexpected(name, 'a function', value)
  }
  const { serializer } = options
  if (serializer !== undefined && (typeof serializer.serialize !== 'function' || typeof serializer.deserialize !== 'function')) {
    throw unexpected('serializer', 'an object with the functions serialize and deserialize', serializer)
  }
}

function secretsOf (secret: SessionOptions['secret']): readonly Buffer[] {
  if (secret === undefined) return []
  const list: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  if (list.length === 0) throw unexpected('secret', 'at least one secret', secret)
  // Not list.map(): that would pass over holes.
  return Object.freeze(Array.from(list, (entry, index) => {
    const path = Array.isArray(secret) ? `secret.${index}` : 'secret'
    if (typeof entry !== 'string' && !(entry instanceof Uint8Array)) throw unexpected(path, 'a string or Buffer of at least 32 bytes', entry)
    const bytes = Buffer.from(entry as string)
    if (bytes.length >= MIN_SECRET_BYTES) return bytes
    throw new InvalidOptionsError(`Expected \`${path}\` to have at least 32 bytes, got ${bytes.length}; make one with ${SECRET_RECIPE}`)
  }))
}

function checkBackend (backend: SessionBackend, { onConflict }: SessionOptions): void {
  for (const method of BACKEND_METHODS) {
    if (typeof backend[method] !== 'function') throw unexpected(`backend.${method}`, 'a function', backend[method], 'a session backend has the methods read, write and remove')
  }
  if (onConflict === 'error' && backend.atomic !== true) {
    throw unexpected('onConflict', '\'merge\' with a backend that is not atomic', onConflict, 'conflicts cannot be told there')
  }
}

function cookieOf ({ cookie: options = {}, property = MAIN_PROPERTY }: SessionOptions): Readonly<CookieSettings> {
  const { path = '/', domain, secure = true, httpOnly = true, sameSite = 'lax', partitioned = false, priority } = options
  const isHostOnly = secure === true && path === '/' && domain === undefined
  const name = options.name ?? (isHostOnly ? `__Host-${property}` : property)
  const prefix = /^__(?:host-http|host|http|secure)-/i.exec(name)?.[0].toLowerCase()
  if (prefix !== undefined && secure !== true) throw unexpected('cookie.secure', `true where the name begins with ${name.slice(0, prefix.length)}`, secure, 'choose another name, or true')
  if (prefix?.endsWith('http-') && !httpOnly) throw unexpected('cookie.httpOnly', `true where the name begins with ${name.slice(0, prefix.length)}`, httpOnly, 'choose another name, or true')
  if (prefix?.startsWith('__host-') && !isHostOnly) throw unexpected('cookie.name', 'without the prefix __Host- where a path other than / or a domain is set', name)
  if (sameSite === 'none' && secure !== true) throw unexpected('cookie.secure', 'true where `cookie.sameSite` is \'none\'', secure, 'browsers refuse the cookie otherwise')
  if (partitioned && secure !== true) throw unexpected('cookie.secure', 'true where `cookie.partitioned` is true', secure, 'browsers refuse the cookie otherwise')
  return Object.freeze({
    name,
    path,
    secure,
    httpOnly,
    sameSite,
    partitioned,
    ...(domain === undefined ? {} : { domain }),
    ...(priority === undefined ? {} : { priority })
  })
}

function lifetimeOf ({ idleTimeout, absoluteTimeout, renewAfter = 0.25, cookie }: SessionOptions): LifetimeOptions {
  const idle = idleTimeout === undefined ? undefined : durationOf('idleTimeout', idleTimeout)
  const absolute = absoluteTimeout === undefined ? undefined : absoluteTimeout === null ? Infinity : durationOf('absoluteTimeout', absoluteTimeout)
  assertOrder(idle, absolute, '')
  return Object.freeze({
    idleMs: idle ?? Math.min(DEFAULT_IDLE_MS, absolute ?? Infinity),
    absoluteMs: absolute ?? Math.max(DEFAULT_ABSOLUTE_MS, idle ?? 0),
    renewAfter,
    persistent: cookie?.persistent ?? false
  })
}

// Instants in records are integers; a clock may be finer.
function clockOf ({ now }: SessionOptions): () => number {
  return now === undefined ? Date.now : () => Math.trunc(now())
}

function durationOf (path: string, duration: number | string): number {
  const ms = toMilliseconds(duration)
  if (ms === null) throw unexpected(path, 'a finite duration above 0', duration)
  return ms
}

function assertOrder (idle: number | undefined, absolute: number | undefined, prefix: string): void {
  if (idle === undefined || absolute === undefined || idle <= absolute) return
  throw new InvalidOptionsError(`Expected \`${prefix}idleTimeout\` to be at most \`${prefix}absoluteTimeout\` (${absolute / 1_000} s), got ${idle / 1_000} s`)
}

function codecOf (options: SessionOptions, secrets: readonly Buffer[], backend: SessionBackend): PayloadCodec {
  const isSealed = options.encrypt === true && backend.selfContained !== true
  const codec = {
    serializer: options.serializer ?? jsonSerializer,
    schema: compilePayloadSchema(options.schema),
    schemaVersion: options.schemaVersion ?? 1,
    migrate: options.migrate,
    envelopeOf: isSealed ? sealedEnvelope(secrets, `payload of ${options.property ?? MAIN_PROPERTY}`) : null
  }
  try {
    return new PayloadCodec(codec)
  } catch (cause) {
    throw Object.assign(unexpected('serializer', 'able to serialize an empty object', options.serializer, (cause as Error).message), { cause })
  }
}
