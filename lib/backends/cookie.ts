import type { BackendContext, SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { missingSecret, optionsCheck } from '../tools/check-options.ts'
import { type Envelope, sealedEnvelope, signedEnvelope } from '../crypto/envelope.ts'
import { NotSupportedError } from '../errors.ts'
import { freezeRecord } from '../record/record.ts'
import { TextCache } from '../tools/text-cache.ts'
import { decodeRecord, encodeRecord } from '../record/cookie-format.ts'

export interface CookieBackendOptions {
  /** `'seal'` encrypts; `'sign'` keeps the data readable and only signs them. @default 'seal' */
  mode?: 'seal' | 'sign'
  /** The most bytes of `Cookie` header that one session may take, over all its parts; 1,024 to 12,288. @default 7168 */
  maxBytes?: number
}

const DEFAULT_MAX_BYTES = 7_168
/**
 * The start of a text holds the nonce, or most of the signature: whoever could learn something from the time of the
 * comparison that follows has guessed 190 bits before.
 */
const CACHE_KEY_CHARS = 40

const checkOptions = optionsCheck({
  description: 'an object of options',
  type: 'object',
  additionalProperties: false,
  properties: {
    mode: { description: '\'seal\' or \'sign\'', enum: ['seal', 'sign'] },
    maxBytes: { description: 'an integer from 1024 to 12288', type: 'integer', minimum: 1_024, maximum: 12_288, default: DEFAULT_MAX_BYTES }
  }
})

/**
 * Sessions in the cookie itself: no server, no store. Encrypted and authenticated with XAES-256-GCM under a key derived
 * from `secret`; the cookie's name and the purpose are bound in; deadlines are inside.
 *
 * What it cannot do, as no client-side session can: two requests at once do not merge (the last response wins), and an
 * old cookie stays valid until its deadline. Choose a server-side backend where logging out must end every copy.
 */
export class CookieBackend implements SessionBackend {
  readonly selfContained = true
  readonly maxBytes: number
  readonly #mode: 'seal' | 'sign'
  readonly #envelope: Envelope | undefined
  readonly #opened = new TextCache<string, SessionRecord>()

  /** @throws InvalidOptionsError */
  constructor (options: CookieBackendOptions = {}, envelope?: Envelope) {
    checkOptions(options, 'CookieBackend')
    this.maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES
    this.#mode = options.mode ?? 'seal'
    this.#envelope = envelope
  }

  bind ({ secrets, cookie: { name } }: BackendContext): CookieBackend {
    if (secrets.length === 0) throw missingSecret('the cookie backend')
    const envelope = this.#mode === 'seal' ? sealedEnvelope(secrets, 'cookie seal')(name) : signedEnvelope(secrets, 'cookie sign')(name)
    return new CookieBackend({ mode: this.#mode, maxBytes: this.maxBytes }, envelope)
  }

  read (text: string): SessionRecord | null {
    // A browser sends the same cookie again and again: a look-up costs a tenth of opening.
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

  /** There is nothing to remove but the cookie, which the core clears. */
  remove (): void {}

  isStale (text: string): boolean {
    return this.#bound.isStale(text)
  }

  get #bound (): Envelope {
    if (this.#envelope === undefined) throw new NotSupportedError('A CookieBackend', 'reading and writing before it is registered', 'it needs the secret; hand it to the plugin')
    return this.#envelope
  }
}
