import { createHmac } from 'node:crypto'
import type {
  BackendContext, Encryptor, ForeignCookies, ForeignRejection, ForeignSession, SessionBackend, SessionOptions, SessionReader, SessionRecord,
  SessionSerializer
} from '../../types/index.d.ts'
import { MAIN_PROPERTY } from '../backends/conventions.ts'
import { isPartOf } from '../config/neighbours.ts'
import { secretsOf } from '../config/secrets.ts'
import { carriedCookies } from '../http/cookie-header.ts'
import { PayloadCodec } from '../payload/codec.ts'
import { encryptorOf } from '../payload/encryption.ts'
import { jsonSerializer } from '../payload/serializer.ts'
import { DEFAULT_COOKIE_BYTES } from '../record/cookie-text.ts'
import { idOfToken, TOKEN_AND_SECRET_CHARS, tokenParts } from '../record/ids.ts'
import { endingAmong, endingIdsOf } from '../record/marks.ts'
import { isRecord } from '../record/record.ts'
import { hasMethods, missingSecret, optionsCheck, unexpected } from '../tools/check-options.ts'

/** The options of the registration that has kept the sessions until now, as far as they say how to read them. */
export interface FromBackendOptions {
  /** Required for cookie sessions, and where `encrypt` was `true`. */
  secret?: SessionOptions['secret']
  /** @default 'session' */
  property?: string
  /** @default `'__Host-'` and the property */
  cookieName?: string
  /** @default false */
  encrypt?: boolean | Encryptor
  serializer?: SessionSerializer
  /** Whether cookie and record are removed once the session has moved. @default false */
  clear?: boolean
  /** Where the cookie was set. @default `{ path: '/' }` */
  cookie?: { path?: string, domain?: string }
}

const text = { description: 'a text', type: 'string', minLength: 1 } as const
const check = optionsCheck({
  description: 'an object of options',
  type: 'object',
  additionalProperties: false,
  properties: {
    secret: { description: 'the secrets of the registration that kept the sessions' },
    property: text,
    cookieName: text,
    encrypt: { description: 'a boolean, or an object with the functions seal and open', type: ['boolean', 'object'] },
    serializer: { description: 'an object with the functions serialize and deserialize', type: 'object' },
    clear: { description: 'a boolean', type: 'boolean' },
    cookie: {
      description: 'an object with path or domain', type: 'object', additionalProperties: false, properties: { path: text, domain: text }
    }
  }
})

/**
 * Reads the sessions of a backend of this library, such as those in cookies, for a registration that keeps sessions elsewhere or under a
 * different property. Whose session it is, its age and what is known of its sign-in are kept.
 *
 * @example
 * await app.register(sessions, {
 *   backend: new RedisBackend(redis),
 *   cookie: { name: '__Host-sid' },
 *   migrateFrom: [fromBackend(new CookieBackend(), { secret })]
 * })
 * @throws InvalidOptionsError
 */
export function fromBackend (backend: SessionBackend, options: FromBackendOptions = {}): SessionReader {
  if (!hasMethods(backend, ['read', 'write', 'remove'])) {
    throw unexpected('backend', 'a session backend', backend, 'for example `new CookieBackend()`')
  }
  check(options, 'fromBackend')
  const { secret, property = MAIN_PROPERTY, encrypt, serializer = jsonSerializer, clear = false, cookie } = options
  const { cookieName = `__Host-${property}` } = options
  const secrets = secretsOf(secret)
  if (backend.selfContained === true && secrets.length === 0) throw missingSecret('a backend that keeps sessions in their cookies')
  const codec = new PayloadCodec({
    serializer, schema: null, schemaVersion: 1, migrate: undefined, encryptor: encryptorOf(encrypt, secrets, `payload of ${property}`)
  })
  const names = (all: readonly string[]): readonly string[] => all.filter(name => isPartOf(cookieName, name))
  return {
    name: 'fastsessions',
    cookieName,
    clear,
    ...(cookie !== undefined && { cookie }),
    ownNames: names,
    bind ({ now, timeout, log }: BackendContext): SessionReader {
      const context = { property, now, secrets, cookie: { name: cookieName }, timeout, log }
      const source = new Source(backend.bind?.(context) ?? backend, codec, { property, secrets, now })
      return { ...this, read: cookies => source.read(cookies, cookieName, names(cookies.names)) }
    },
    read () { throw new TypeError('a reader reads once it is bound to a registration') }
  }
}

class Source {
  readonly #backend: SessionBackend
  readonly #codec: PayloadCodec
  readonly #property: string
  readonly #secrets: readonly Buffer[]
  readonly #now: () => number

  constructor (
    backend: SessionBackend, codec: PayloadCodec, { property, secrets, now }: Pick<BackendContext, 'property' | 'secrets' | 'now'>
  ) {
    this.#backend = backend
    this.#codec = codec
    this.#property = property
    this.#secrets = secrets
    this.#now = now
  }

  async read (cookies: ForeignCookies, cookieName: string, names: readonly string[]): Promise<ForeignSession | ForeignRejection | null> {
    if (names.length === 0) return null
    const header = names.flatMap(name => cookies.valuesOf(name).map(value => `${name}=${value}`)).join('; ')
    const isInCookie = this.#backend.selfContained === true
    const maxBytes = isInCookie ? this.#backend.maxBytes ?? DEFAULT_COOKIE_BYTES : TOKEN_AND_SECRET_CHARS
    let answer: ForeignSession | ForeignRejection = { rejected: 'malformed' }
    for (const carried of carriedCookies(header, cookieName, maxBytes).texts) {
      answer = isInCookie ? await this.#inCookie(carried) : await this.#stored(carried)
      if (!('rejected' in answer)) break
    }
    return answer
  }

  async #inCookie (text: string): Promise<ForeignSession | ForeignRejection> {
    const record = await this.#backend.read(text)
    const answer = this.#session(record, null, 'forged')
    const { revocation } = this.#backend
    if ('rejected' in answer || revocation === undefined) return answer
    const endings = await Promise.all(endingIdsOf(this.#property, record!).map(id => revocation.backend.read(id)))
    return endingAmong(record!, endings) === null ? answer : { rejected: 'unknown' }
  }

  /** A secret behind the token (`renewSecretEvery`) is not looked at: to come in is to get a new cookie. */
  async #stored (text: string): Promise<ForeignSession | ForeignRejection> {
    const parts = tokenParts(text)
    if (parts === null) return { rejected: 'malformed' }
    const { token } = parts
    const id = idOfToken(this.#property, token)
    const answer = this.#session(await this.#backend.read(id), id, 'unknown')
    if ('rejected' in answer) return answer.rejected === 'unknown' ? { ...answer, secret: token } : answer
    return { ...answer, secret: token, remove: () => this.#backend.remove(id) }
  }

  #session (record: SessionRecord | null, id: string | null, absent: 'forged' | 'unknown'): ForeignSession | ForeignRejection {
    if (record === null) return { rejected: absent }
    if (!isRecord(record) || (id !== null && record.id !== id)) return { rejected: 'corrupt' }
    // A tombstone.
    if (record.data === '') return { rejected: 'unknown' }
    if (record.expiresAt <= this.#now()) return { rejected: 'expired' }
    const decoded = this.#codec.decode(record)
    if (decoded.rejected !== undefined) return { rejected: 'corrupt' }
    const { expiresAt, subject, schemaVersion } = record
    return { data: decoded.data, expiresAt, subject, schemaVersion, record, secret: this.#secretOf(record.id) }
  }

  /** The id of a cookie session is no secret, and stays the same over all texts of the session. */
  #secretOf (id: string): string {
    return this.#secrets.length === 0 ? id : createHmac('sha256', this.#secrets[0]!).update(`arrival of ${id}`).digest('base64url')
  }
}
