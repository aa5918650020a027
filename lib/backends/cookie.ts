import type { BackendContext, SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { missingSecret } from '../tools/check-options.ts'
import { type Envelope, sealedEnvelope, signedEnvelope } from '../crypto/envelope.ts'
import { NotSupportedError } from '../errors.ts'
import { freezeRecord } from '../record/record.ts'
import { TextCache } from '../tools/text-cache.ts'
import { decodeRecord, encodeRecord } from '../record/cookie-format.ts'
import { DEFAULT_COOKIE_BYTES } from '../record/cookie-text.ts'
import { backendOptionsCheck } from './conventions.ts'

export interface CookieBackendOptions {
  /** `'seal'` encrypts and authenticates the data; `'sign'` leaves the data readable and only authenticates. @default 'seal' */
  mode?: 'seal' | 'sign'
  /** The most bytes which a session may take in the `Cookie` header, over all parts of the cookie: 1,024 to 12,288. @default 7168 */
  maxBytes?: number
  /** Whether a session carries what the option `about` says of a request, with each request. @default false */
  aboutInCookie?: boolean
}

/**
 * Only a cookie with the same first 40 characters is compared whole with a cached text, so that the time of the comparison
 * tells an attacker nothing: these characters hold the nonce, or most of the signature, and to guess them is to guess 190 bits.
 */
const CACHE_KEY_CHARS = 40

const checkOptions = backendOptionsCheck({
  mode: { description: '\'seal\' or \'sign\'', enum: ['seal', 'sign'] },
  maxBytes: {
    description: 'an integer from 1024 to 12288', type: 'integer', minimum: 1_024, maximum: 12_288, default: DEFAULT_COOKIE_BYTES
  },
  aboutInCookie: { description: 'a boolean', type: 'boolean', default: false }
})

/**
 * Sessions in the cookie itself, without a store. The text is encrypted and authenticated with XAES-256-GCM, under a key
 * derived from `secret` and the registration's `property`. The name of the cookie is authenticated too, and the deadlines are
 * inside (`docs/security.md C133`).
 *
 *     app.register(sessions, { secret, backend: new CookieBackend({ mode: 'seal' }) })
 *
 * Not guaranteed, as by no session kept at the client: changes of two parallel requests are not merged (the last response
 * wins), and an old copy of a cookie stays valid until its deadline (`docs/security.md C051, C142`). Choose a server-side
 * backend where logging out must end every copy.
 */
export class CookieBackend implements SessionBackend {
  readonly selfContained = true
  readonly maxBytes: number
  readonly aboutInCookie: boolean
  readonly #mode: 'seal' | 'sign'
  readonly #envelope: Envelope | undefined
  readonly #opened = new TextCache<string, SessionRecord>()

  /** @throws InvalidOptionsError for unknown options and values out of range */
  constructor (options: CookieBackendOptions = {}, envelope?: Envelope) {
    checkOptions(options, 'CookieBackend')
    this.maxBytes = options.maxBytes ?? DEFAULT_COOKIE_BYTES
    this.aboutInCookie = options.aboutInCookie ?? false
    this.#mode = options.mode ?? 'seal'
    this.#envelope = envelope
  }

  bind ({ property, secrets, cookie: { name } }: BackendContext): CookieBackend {
    if (secrets.length === 0) throw missingSecret('the cookie backend')
    // Keys of its own for each property: a session of one registration is nothing to another, whatever their cookies are called.
    const purpose = `cookie ${this.#mode} of ${property}`
    const envelopeOf = this.#mode === 'seal' ? sealedEnvelope(secrets, purpose) : signedEnvelope(secrets, purpose)
    const { maxBytes, aboutInCookie } = this
    return new CookieBackend({ mode: this.#mode, maxBytes, aboutInCookie }, envelopeOf(name))
  }

  read (text: string): SessionRecord | null {
    // A browser sends the same cookie with each request, and a look-up costs a tenth of opening the envelope.
    const key = text.slice(0, CACHE_KEY_CHARS)
    const known = this.#opened.get(key, text)
    if (known !== undefined) return known
    const content = this.#bound.open(text)
    const decoded = content === null ? null : decodeRecord(content)
    if (decoded === null) return null
    const record = freezeRecord(decoded)
    this.#opened.set(key, text, record)
    return record
  }

  write (_id: null, record: SessionRecord): string {
    return this.#bound.seal(encodeRecord(record))
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
