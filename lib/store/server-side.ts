import type { FastifyRequest } from 'fastify'
import type { CookieTexts, Instant, SessionMeta, SessionRecord, SessionWatch, WriteContext } from '../../types/index.d.ts'
import type { Settings } from '../config/options.ts'
import { randomVersion } from '../crypto/random.ts'
import type { Stored } from '../payload/codec.ts'
import type { TokenSecrets } from '../crypto/token-secrets.ts'
import { idOfToken, newToken, TOKEN_AND_SECRET_CHARS, TOKEN_CHARS, tokenParts } from '../record/ids.ts'
import { freezeRecord, renewalOf, tombstone, withRequest } from '../record/record.ts'
import type { Flow } from '../tools/flow.ts'
import type { Identity, Keeping } from './keeping.ts'
import { type PutAnswer, type Refused, type Store, WRITTEN } from './store.ts'

/** Sessions on a server: the cookie has a random token, and the backend knows nothing but the token's hash. */
export class ServerSide implements Keeping {
  readonly isInCookie = false
  readonly maxTextBytes: number
  readonly mayBeEscaped: boolean
  readonly absent = 'unknown'
  readonly #store: Store
  readonly #texts: CookieTexts
  readonly #secrets: TokenSecrets | null

  /** @param secrets the secrets behind tokens; `null` where a token alone opens its session */
  constructor (store: Store, property: string, secrets: TokenSecrets | null) {
    const { cookies } = store.backend
    this.mayBeEscaped = cookies !== undefined
    this.#store = store
    this.#secrets = secrets
    this.#texts = cookies ?? tokensOf(property)
    this.maxTextBytes = this.#texts.maxLength
  }

  newIdentity (seed?: string): Identity {
    const { id, text } = this.#texts.create(seed)
    return { id, token: text }
  }

  keyOf (text: string): string | null { return this.#texts.idOf(text) }
  idOf (key: string): string { return key }

  keyless (texts: readonly string[]): 'malformed' | 'oversized' | 'forged' {
    if (this.mayBeEscaped) return 'forged'
    // Most cookies of this length were never ours.
    const isLong = this.#secrets === null && texts.length > 0 && texts.every(text => text.length > TOKEN_CHARS)
    return isLong ? 'oversized' : 'malformed'
  }

  // Without the option the text stays as it came, so that the secret is still there when the option comes back.
  tokenOf (text: string): string { return this.#secrets === null ? text : tokenParts(text)!.token }

  textOf (token: string, { meta }: SessionRecord): string {
    return this.#secrets === null ? token : this.#secrets.textOf(token, renewalOf(meta).counter)
  }

  * insert ({ record }: Stored, expectedVersion: number, token: string, context: WriteContext): Flow<string | null> {
    const { written } = yield * this.#store.put(record, expectedVersion, context)
    return written ? token : null
  }

  tokenFor ({ record: { id } }: Stored, answer: unknown, token: string): string | null { return answer === id ? token : null }

  isStale (): boolean { return false }

  * standing ({ id }: SessionRecord): Flow<SessionRecord | null> { return (yield * this.#store.fetch(id))?.record ?? null }
  deadline (record: SessionRecord): Instant { return this.#store.deadline(record) }
  keysOf (): readonly string[] { return [] }
  watch (listener: (id: string | null) => void): SessionWatch | null { return this.#store.backend.watch?.(listener) ?? null }
}

/**
 * Length and alphabet are checked before the backend hears of the text (docs/security.md C008). A secret behind the token is no part of
 * the id.
 */
function tokensOf (property: string): CookieTexts {
  return {
    maxLength: TOKEN_AND_SECRET_CHARS,
    create (text = newToken()) {
      return { id: idOfToken(property, text), text }
    },
    idOf (text) {
      const parts = tokenParts(text)
      return parts === null ? null : idOfToken(property, parts.token)
    }
  }
}

/**
 * How often an ending is tried beside writers of the session who come first each time. A try takes a single call of a backend that says
 * what stands instead. Beside three processes that did nothing but write the session, 2 in 100 endings took more than ten tries on
 * files, and none more than 26; on Redis and PostgreSQL none took more than ten.
 */
export const MAX_ENDING_TRIES = 100

/**
 * Ends a stored session if the record still stands; not written when a later version stands, or none. A backend without
 * compare-and-set cannot tell the difference: there the record goes, whatever its version is by now.
 *
 * @param end `meta`: what a tombstone tells those who still hold the id. Without it the record leaves nothing, but a tombstone
 * where the sessions of a subject are counted, and where the session came from a different library
 */
export function * removeIfUnchanged (
  { store, settings }: Ending, record: SessionRecord, { meta, request }: { meta?: SessionMeta, request?: FastifyRequest | undefined }
): Flow<PutAnswer> {
  // Such a backend may keep expired records, so that a tombstone would stay for ever and protect nothing.
  if (!store.isAtomic) {
    yield * removeBlindly(store, record.id)
    return WRITTEN
  }
  const hasPlace = settings.maxSessionsPerSubject !== null && record.subject !== null
  const leavesNothing = meta === undefined && !hasPlace && record.meta?.arrived !== true
  const ended = leavesNothing ? expired(record) : tombstone(record.id, settings.now(), meta)
  return yield * store.put(ended, record.version, { data: {}, ...withRequest(request) })
}

/** The backend's answer for an id after a write that was refused: what the refusal said, or else a new read says. */
export function * whatStands (store: Store, { theirs }: Refused, id: string): Flow<unknown> {
  return theirs ?? (yield * store.read(id))
}

/** The same as a session; `null` where none stands. */
export function * theirsOf (store: Store, refused: Refused, id: string): Flow<Stored | null> {
  return store.sessionOf(yield * whatStands(store, refused, id), id)
}

/** The parts of a registration that an ending needs. */
interface Ending {
  readonly store: Store
  readonly settings: Settings
}

/** Ends whatever is stored under an id, without compare-and-set: later writes of the old session find no version of theirs. */
export function * endBlindly (store: Store, id: string, now: Instant, meta: SessionMeta | undefined): Flow<void> {
  if (meta === undefined) yield * removeBlindly(store, id)
  else yield * store.putBlindly(tombstone(id, now, meta))
}

/**
 * Takes back a new record whose write may still be under way, after an error or a time-out: no client has the token, but the
 * record would be listed among the sessions of its subject. A tombstone is in the way of a write that lands later.
 */
export function * abandon (store: Store, id: string, now: number): Flow<void> {
  if (store.isAtomic) yield * store.putBlindly(tombstone(id, now))
  else yield * removeBlindly(store, id)
}

/** Removes whatever is stored under an id. */
export function * removeBlindly (store: Store, id: string): Flow<void> {
  yield * store.call('remove', id, () => store.backend.remove(id))
  store.observer.ended(id)
}

// A write of an expired record leaves nothing readable, which makes a compare-and-set a compare-and-remove.
function expired (record: SessionRecord): SessionRecord {
  return freezeRecord({ ...record, version: randomVersion(), data: '', subject: null, policy: null, meta: null, expiresAt: 0 })
}
