import type { Instant, SessionRecord, SessionWatch, WriteContext } from '../../types/index.d.ts'
import { CookieBackend } from '../backends/cookie.ts'
import { BackendContractError, SessionTooLargeError } from '../errors.ts'
import type { Payload } from '../payload/changes.ts'
import type { Stored } from '../payload/codec.ts'
import { DEFAULT_COOKIE_BYTES, isCookieText } from '../record/cookie-text.ts'
import { COOKIE_ID_CHARS, newToken } from '../record/ids.ts'
import type { Flow } from '../tools/flow.ts'
import type { RevokedCookies } from './revoked-cookies.ts'
import type { Identity, Keeping } from './keeping.ts'
import type { Store } from './store.ts'

/** Sessions in their cookies: a self-contained backend makes a text of the whole record, and a record of the text. */
export class InCookie implements Keeping {
  readonly isInCookie = true
  readonly maxTextBytes: number
  readonly mayBeEscaped = false
  readonly absent = 'forged'
  readonly #store: Store
  readonly #headerBytes: (text: string) => number
  readonly #revoked: RevokedCookies | null

  /**
   * @param headerBytes the bytes that count for a text; `Infinity` for too many parts
   * @param revoked where endings are kept; `null` where a copy of the cookie outlives its session
   */
  constructor (store: Store, headerBytes: (text: string) => number, revoked: RevokedCookies | null) {
    this.#revoked = revoked
    this.maxTextBytes = store.backend.maxBytes ?? DEFAULT_COOKIE_BYTES
    this.#store = store
    this.#headerBytes = headerBytes
  }

  // The id is sealed inside; the text comes with the first write.
  newIdentity (): Identity { return { id: newToken().slice(0, COOKIE_ID_CHARS), token: null } }

  keyOf (text: string): string { return text }
  idOf (): null { return null }
  keyless (): 'malformed' { return 'malformed' }
  tokenOf (text: string): string { return text }
  textOf (token: string): string { return token }

  * insert ({ record, text: payload }: Stored, _expectedVersion: number, _token: null, context: WriteContext): Flow<string | null> {
    // Each ending has to stay for as long as this text can be valid.
    const isToBeJudged = this.#revoked !== null && (yield * this.#revoked.assureLife(record.policy))
    if (isToBeJudged && (yield * this.#revoked!.endingOf(record, true)) !== null) return null
    const { backend, name } = this.#store
    const text = yield * this.#store.call('write', null, () => backend.write(null, record, undefined, context), record.data)
    if (typeof text !== 'string') {
      throw new BackendContractError(`${name}.write() is self-contained and must return the cookie's text, got ${typeof text}`)
    }
    if (!isCookieText(text)) throw new BackendContractError(`${name}.write() must return text that fits a cookie value`)
    this.#assertFits(text, payload)
    this.#store.observer.stored(record)
    return text
  }

  tokenFor ({ text: payload }: Stored, answer: unknown): string | null {
    // What our own backend makes is cookie text.
    const isOwn = this.#store.backend.write === CookieBackend.prototype.write
    if (!isOwn && (typeof answer !== 'string' || !isCookieText(answer))) return null
    const text = answer as string
    this.#assertFits(text, payload)
    return text
  }

  isStale (text: string): boolean { return this.#store.backend.isStale?.(text) === true }

  * standing (record: SessionRecord): Flow<SessionRecord | null> {
    const ending = this.#revoked === null ? null : yield * this.#revoked.endingOf(record)
    return ending === null ? record : null
  }

  /** Later copies of the cookie may have a later idle deadline. */
  deadline ({ createdAt, policy }: SessionRecord): Instant { return this.#store.lastDeadline(createdAt, policy) }

  keysOf (record: SessionRecord): readonly string[] { return this.#revoked?.keysOf(record) ?? [] }

  /** What is heard, `Registration.revoked` passes on; whoever watches asks whether the line is alive. */
  watch (): SessionWatch | null { return this.#revoked?.watch() ?? null }

  #assertFits (text: string, payload: string): void {
    const bytes = this.#headerBytes(text)
    if (bytes <= this.maxTextBytes) return
    throw new SessionTooLargeError(Number.isFinite(bytes) ? bytes : text.length, this.maxTextBytes, this.#sizesOfKeys(payload))
  }

  #sizesOfKeys (payload: string): Array<[key: string, bytes: number]> {
    const { codec } = this.#store
    const bytesOf = (data: Payload) => Buffer.byteLength(codec.serialize(data)) - Buffer.byteLength(codec.emptyText)
    return Object.entries(codec.deserialize(payload)).map(([key, value]) => [key, bytesOf({ [key]: value })])
  }
}
