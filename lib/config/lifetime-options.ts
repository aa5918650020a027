import type { Duration, SessionLifetime, SessionOptions, SessionPolicy } from '../../types/index.d.ts'
import { InvalidOptionsError } from '../errors.ts'
import { type LifetimeOptions, lifetimeOf } from '../record/lifetime.ts'
import { optionsCheck, unexpected } from '../tools/check-options.ts'
import { durationOf } from '../tools/option-duration.ts'
import { lifetimeSchema } from './options-schema.ts'

const DAY_MS = 86_400_000
const DEFAULT_IDLE_MS = 14 * DAY_MS
const DEFAULT_ABSOLUTE_MS = 30 * DAY_MS
/** Browsers keep no cookie for longer (RFC 6265bis, 5.5). */
const MAX_PERSISTENT_MS = 400 * DAY_MS

const checkLifetime = optionsCheck(lifetimeSchema)

/**
 * The lifetime of a registration's sessions. A default makes way for a timeout that is given, so that the idle timeout is
 * never above the absolute timeout.
 *
 * @throws InvalidOptionsError
 */
export function lifetimeOptions (options: SessionOptions): LifetimeOptions {
  const { idleTimeout, absoluteTimeout, renewAfter = 0.25, cookie } = options
  const idle = idleTimeout === undefined ? undefined : durationOf('idleTimeout', idleTimeout)
  const absolute = absoluteOf('absoluteTimeout', absoluteTimeout)
  assertOrder(idle, absolute, '')
  const lifetime = Object.freeze({
    idleMs: idle ?? Math.min(DEFAULT_IDLE_MS, absolute ?? Infinity),
    absoluteMs: absolute ?? Math.max(DEFAULT_ABSOLUTE_MS, idle ?? 0),
    renewAfter,
    persistent: cookie?.persistent ?? false
  })
  if (lifetime.persistent) assertBrowsersKeep(lifetime, options, '', '`cookie.persistent`')
  return lifetime
}

/**
 * The policy of a session, from the argument of `session.setLifetime()`.
 *
 * @param options what holds for that which the policy leaves out
 * @throws InvalidOptionsError
 */
export function parseLifetime (lifetime: SessionLifetime, options: LifetimeOptions): SessionPolicy {
  checkLifetime(lifetime, 'lifetime')
  const { idleTimeout, absoluteTimeout, persistent } = lifetime
  const idle = idleTimeout === undefined ? undefined : durationOf('lifetime.idleTimeout', idleTimeout)
  const absolute = absoluteOf('lifetime.absoluteTimeout', absoluteTimeout)
  assertOrder(idle, absolute, 'lifetime.')
  const policy = Object.freeze({
    ...(idle !== undefined && { idleTimeout: idle }),
    ...(absolute !== undefined && { absoluteTimeout: absolute === Infinity ? null : absolute }),
    ...(persistent !== undefined && { persistent })
  })
  const inForce = lifetimeOf(policy, options)
  if (inForce.persistent) assertBrowsersKeep(inForce, lifetime, 'lifetime.', '`persistent`')
  return policy
}

/** In milliseconds; `Infinity` for `null`, which asks for no absolute deadline. */
function absoluteOf (path: string, duration: Duration | null | undefined): number | undefined {
  if (duration === null) return Infinity
  return duration === undefined ? undefined : durationOf(path, duration)
}

function assertOrder (idle: number | undefined, absolute: number | undefined, prefix: string): void {
  if (idle === undefined || absolute === undefined || idle <= absolute) return
  const limit = `\`${prefix}absoluteTimeout\` (${absolute / 1_000} s)`
  throw new InvalidOptionsError(`Expected \`${prefix}idleTimeout\` to be at most ${limit}, got ${idle / 1_000} s`)
}

/** @param given where the timeouts may come from; else they are those of the options in force */
function assertBrowsersKeep (
  { idleMs, absoluteMs }: LifetimeOptions, given: SessionLifetime | SessionOptions, prefix: string, switchName: string
): void {
  for (const [name, ms] of [['idleTimeout', idleMs], ['absoluteTimeout', absoluteMs]] as const) {
    // Without an absolute timeout the idle timeout alone bounds the cookie.
    if (ms <= MAX_PERSISTENT_MS || ms === Infinity) continue
    const remedy = 'browsers keep no cookie for longer (RFC 6265bis, 5.5)'
    throw unexpected(`${prefix}${name}`, `at most 400 days where ${switchName} is true`, given[name] ?? ms / 1_000, remedy)
  }
}
