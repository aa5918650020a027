import type { BackendContext, Duration, SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { hide } from '../tools/missing-methods.ts'
import { hasMethods, missingSecret, unexpected } from '../tools/check-options.ts'
import { durationOf } from '../tools/option-duration.ts'
import { type Envelope, sealedEnvelope, signedEnvelope } from '../crypto/envelope.ts'
import { NotSupportedError } from '../errors.ts'
import { freezeRecord } from '../record/record.ts'
import { asDecoded, decodeRecord, encodeRecord } from '../record/cookie-format.ts'
import { DEFAULT_COOKIE_BYTES } from '../record/cookie-text.ts'
import { backendOptionsCheck } from './conventions.ts'
import { OpenedCookies } from './opened-cookies.ts'

export interface CookieBackendOptions {
  /** `'seal'` encrypts and authenticates the data; `'sign'` leaves the data readable and only authenticates. @default 'seal' */
  mode?: 'seal' | 'sign'
  /** The most bytes which a session may take in the `Cookie` header, over all parts of the cookie: 1,024 to 12,288. @default 7168 */
  maxBytes?: number
  /**
   * An atomic backend on a server, which keeps what was ended: then `destroy`, `login`, `regenerate*`, `reauthenticate` and `revoke*`
   * end every copy of the cookie. Without it a copy is valid until its deadline.
   *
   * @example new CookieBackend({ revocation: new RedisBackend(redis), staleness: '5s' })
   */
  revocation?: SessionBackend
  /**
   * How late an ending may be seen on other nodes, where the revocation backend reports no changes (`watch`). Routes with `fresh: true`
   * see it at once. @default '5s'
   */
  staleness?: Duration
  /** Whether a session carries what the option `about` says of a request, with each request. @default false */
  aboutInCookie?: boolean
}

const REVOCATION = 'an atomic session backend on a server'
const DEFAULT_STALENESS = '5s'

const checkOptions = backendOptionsCheck({
  mode: { description: '\'seal\' or \'sign\'', enum: ['seal', 'sign'] },
  maxBytes: {
    description: 'an integer from 1024 to 12288', type: 'integer', minimum: 1_024, maximum: 12_288, default: DEFAULT_COOKIE_BYTES
  },
  aboutInCookie: { description: 'a boolean', type: 'boolean', default: false },
  revocation: { description: REVOCATION },
  staleness: { description: 'a duration: seconds above 0, or such as \'5s\'' }
})

/**
 * Sessions in the cookie itself, without a store. The text is encrypted and authenticated with XAES-256-GCM, under a key
 * derived from `secret` and the registration's `property`. The name of the cookie is authenticated too, and the deadlines are
 * inside (`docs/security.md C133`).
 *
 *     app.register(sessions, { secret, backend: new CookieBackend({ mode: 'seal' }) })
 *
 * Not guaranteed, as by no session kept at the client: changes of two parallel requests are not merged (the last response
 * wins), and an old copy of a cookie stays valid until its deadline (`docs/security.md C051, C142`). With `revocation` the copies of
 * a session end with the session; what is in an old copy of a session that lives can still be sent again.
 */
export class CookieBackend implements SessionBackend {
  readonly selfContained = true
  readonly maxBytes: number
  readonly aboutInCookie: boolean
  readonly #mode: 'seal' | 'sign'
  readonly #envelope: Envelope | undefined
  readonly #opened: OpenedCookies
  readonly #options: CookieBackendOptions
  readonly revocation: SessionBackend['revocation']
  /** Whether the endings are known without a wait: else a session is loaded before its handler runs. */
  readonly answersAtOnce: boolean

  /** @throws InvalidOptionsError for unknown options and values out of range, and for a revocation backend that keeps no promise */
  constructor (options: CookieBackendOptions = {}, envelope?: Envelope, cacheBytes?: number) {
    checkOptions(options, 'CookieBackend')
    this.revocation = revocationOf(options)
    this.answersAtOnce = this.revocation === undefined || this.revocation.backend.answersAtOnce === true
    this.#options = options
    if (this.revocation === undefined) hide(this, 'prepare')
    this.maxBytes = options.maxBytes ?? DEFAULT_COOKIE_BYTES
    this.aboutInCookie = options.aboutInCookie ?? false
    this.#mode = options.mode ?? 'seal'
    this.#envelope = envelope
    this.#opened = new OpenedCookies(cacheBytes)
  }

  bind (context: BackendContext): CookieBackend {
    const { property, secrets, cookie: { name }, cacheBytes } = context
    if (secrets.length === 0) throw missingSecret('the cookie backend')
    // Keys of its own for each property: a session of one registration is nothing to another, whatever their cookies are called.
    const purpose = `cookie ${this.#mode} of ${property}`
    const envelopeOf = this.#mode === 'seal' ? sealedEnvelope(secrets, purpose) : signedEnvelope(secrets, purpose)
    const { revocation } = this.#options
    // No property has a hyphen: `revokeAll()` of sessions on the same store leaves the endings alone.
    const bound = revocation?.bind?.({ ...context, property: `${property}-revoked` }) ?? revocation
    return new CookieBackend({ ...this.#options, ...(bound !== undefined && { revocation: bound }) }, envelopeOf(name), cacheBytes)
  }

  async prepare (): Promise<void> { await this.revocation?.backend.prepare?.() }
  async close (): Promise<void> { await this.revocation?.backend.close?.() }

  read (text: string): SessionRecord | null {
    const known = this.#opened.get(text)
    if (known !== undefined) return known
    const content = this.#bound.open(text)
    const decoded = content === null ? null : decodeRecord(content)
    if (decoded === null) return null
    const record = freezeRecord(decoded)
    this.#opened.set(text, record)
    return record
  }

  write (_id: null, record: SessionRecord): string {
    const content = encodeRecord(record)
    const text = this.#bound.seal(content)
    // The browser sends this text with its next request.
    this.#opened.set(text, asDecoded(record, content))
    return text
  }

  /** Nothing is stored but the cookie, and the core clears the cookie. */
  remove (): void {}

  isStale (text: string): boolean {
    return this.#bound.isStale(text)
  }

  get #bound (): Envelope {
    if (this.#envelope !== undefined) return this.#envelope
    const operation = 'reading and writing before it is registered'
    throw new NotSupportedError('A CookieBackend', operation, 'it needs the secret; hand it to the plugin')
  }
}

function revocationOf ({ revocation, staleness }: CookieBackendOptions): SessionBackend['revocation'] {
  const path = 'CookieBackend.revocation'
  if (revocation === undefined) {
    if (staleness === undefined) return undefined
    throw unexpected('CookieBackend.staleness', 'left out without `revocation`', staleness)
  }
  if (!hasMethods(revocation, ['read', 'write', 'remove'])) throw unexpected(path, REVOCATION, revocation)
  if (revocation.selfContained === true) throw unexpected(path, REVOCATION, revocation, 'a cookie cannot say that it was ended')
  if (revocation.atomic !== true) throw unexpected(path, REVOCATION, revocation, 'this one does not compare and set')
  return Object.freeze({ backend: revocation, stalenessMs: durationOf('CookieBackend.staleness', staleness ?? DEFAULT_STALENESS) })
}
