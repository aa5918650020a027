import type { Duration, SessionBackend } from '../../../types/index.d.ts'
import { hasMethods, unexpected } from '../../tools/check-options.ts'
import { A_DURATION, durationOf, DURATIONS } from '../../tools/option-duration.ts'
import { backendOptionsCheck } from '../conventions.ts'

/** Options of `CachedBackend`. */
export interface CachedBackendOptions {
  /** How much memory the cached sessions of a registration may take, in bytes: their texts, and 500 bytes for each. @default 16 MB */
  maxBytes?: number
  /**
   * How late a change elsewhere may be seen, at most, where the backend can `watch`: so long after a connection has fallen silent,
   * nothing is served from the cache any more. @default 1
   */
  lease?: Duration
  /** How late a change elsewhere may be seen where the backend cannot `watch`, or watches endings only. @default 1 */
  maxAge?: Duration
}

export interface Settings {
  readonly maxBytes: number
  readonly leaseMs: number
  readonly maxAgeMs: number
}

const DEFAULT_MAX_BYTES = 16 * 1024 * 1024
const A_BACKEND = 'a session backend with the methods read, write and remove'

const checkOptions = backendOptionsCheck({
  maxBytes: { description: 'an integer above 0', type: 'integer', minimum: 1, default: DEFAULT_MAX_BYTES },
  lease: { description: A_DURATION, anyOf: DURATIONS, default: 1 },
  maxAge: { description: A_DURATION, anyOf: DURATIONS, default: 1 }
})

/** @throws InvalidOptionsError */
export function settingsOf (options: CachedBackendOptions): Settings {
  checkOptions(options, 'CachedBackend')
  const { maxBytes = DEFAULT_MAX_BYTES, lease = 1, maxAge = 1 } = options
  const [leaseMs, maxAgeMs] = [durationOf('CachedBackend.lease', lease), durationOf('CachedBackend.maxAge', maxAge)]
  return { maxBytes, leaseMs, maxAgeMs }
}

/** @throws InvalidOptionsError for what is no backend, and for one that gains nothing by a cache */
export function assertCacheable (backend: SessionBackend): void {
  if (!hasMethods(backend, ['read', 'write', 'remove'])) throw unexpected('CachedBackend.backend', A_BACKEND, backend)
  const refuse = (expectation: string, remedy: string): never => { throw unexpected('CachedBackend.backend', expectation, backend, remedy) }
  if (backend.selfContained === true) refuse('a backend that keeps sessions on a server', 'a session in its cookie needs no cache')
  if (backend.readFresh !== undefined) refuse('a backend without a cache', 'one cache is enough')
}
