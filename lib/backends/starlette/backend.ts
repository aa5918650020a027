import type { BackendContext, Duration, SessionBackend, SessionRecord } from '../../../types/index.d.ts'
import { unexpected } from '../../tools/check-options.ts'
import { toMilliseconds } from '../../tools/duration.ts'
import { backendOptionsCheck } from '../conventions.ts'
import { foreignSecrets, warnOfShortSecrets } from '../foreign-secrets.ts'
import { recordOf, valueOf } from './content.ts'
import { type TimestampSigner, timestampSigner } from './signer.ts'

export interface StarletteCookieBackendOptions {
  /** The `secret_key` of SessionMiddleware. Of an array, the first signs, and all are tried; Starlette itself takes a single one. */
  secret: string | Buffer | ReadonlyArray<string | Buffer>
  /** The `max_age` of SessionMiddleware, counted from the last write or use; `null` for none. @default '14d' */
  maxAge?: Duration | null
}

const MAX_COOKIE_BYTES = 4_096
/** Clocks of two servers may be so far apart: a cookie of the next second is not from the future. */
const CLOCKS_APART_MS = 5_000

const MAX_AGE = 'a number of seconds above 0, text such as \'14d\', or null'

const checkOptions = backendOptionsCheck({
  secret: { description: 'the secret key of Starlette' },
  maxAge: { description: MAX_AGE, default: '14d' }
})

/**
 * Sessions in the signed cookie of Starlette's SessionMiddleware, so that a Python and a Node service share them.
 *
 *     await app.register(sessions, {
 *       backend: new StarletteCookieBackend({ secret: process.env.SESSION_SECRET }),
 *       cookie: { name: 'session' } // `session_cookie` of SessionMiddleware
 *     })
 *
 * Not guaranteed: whoever has the cookie can read it; of two responses the last one wins, whichever service sends it; and an old copy
 * of a cookie is valid until its deadline, after a logout too.
 */
export class StarletteCookieBackend implements SessionBackend {
  readonly selfContained = true
  readonly unsplit = true
  readonly shared = true
  readonly maxBytes = MAX_COOKIE_BYTES
  readonly #secrets: readonly Buffer[]
  readonly #signer: TimestampSigner
  /** `Infinity` for none. */
  readonly #maxAgeMs: number
  #now: () => number = Date.now

  /** @throws InvalidOptionsError */
  constructor (options: StarletteCookieBackendOptions) {
    checkOptions(options, '')
    const { secret, maxAge = '14d' } = options
    this.#secrets = foreignSecrets('secret', secret)
    this.#signer = timestampSigner(this.#secrets)
    this.#maxAgeMs = maxAge === null ? Infinity : milliseconds(maxAge)
  }

  bind ({ now, log }: BackendContext): StarletteCookieBackend {
    warnOfShortSecrets('secret', this.#secrets, log)
    const bound = new StarletteCookieBackend({ secret: this.#secrets, maxAge: this.#maxAgeMs === Infinity ? null : this.#maxAgeMs / 1_000 })
    bound.#now = now
    return bound
  }

  /** @throws BackendUnavailableError for a session of Python that JavaScript cannot keep */
  read (text: string): SessionRecord | null {
    const signed = this.#signer.open(text)
    if (signed === null || signed.seconds * 1_000 > this.#now() + CLOCKS_APART_MS) return null
    return recordOf(signed, this.#maxAgeMs)
  }

  /** @throws ReservedKeyError for data with the key of the member that Starlette carries along */
  write (_id: null, record: SessionRecord): string {
    // A write that is no use must not prolong the session.
    return this.#signer.sign(valueOf(record), Math.floor(record.lastAccessedAt / 1_000))
  }

  /** Nothing is stored but the cookie, and the core clears the cookie. */
  remove (): void {}

  isStale (text: string): boolean { return this.#signer.isStale(text) }
}

function milliseconds (maxAge: unknown): number {
  const isDuration = typeof maxAge === 'number' || typeof maxAge === 'string'
  const ms = isDuration ? toMilliseconds(maxAge as Duration) : null
  if (ms === null) throw unexpected('maxAge', MAX_AGE, maxAge)
  return ms
}
