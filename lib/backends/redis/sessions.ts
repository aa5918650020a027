import type { Awaitable, SessionRecord } from '../../../types/index.d.ts'
import { keysInHeader, keysText } from '../../record/keys-text.ts'
import { isRecord, TOMBSTONE_MS } from '../../record/record.ts'
import { isId } from '../../record/ids.ts'
import { beginningOf, decodeRecord, deadlinesText, encodeRecord, instantText, versionText } from '../../record/record-text.ts'
import { type IndexKey, isSameKey, keysOf } from '../index-keys.ts'
import { isWrongType, type RedisClient, sender } from './client.ts'
import type { Keys } from './keys.ts'
import { indexedAfter } from './scores.ts'
import { ABSENT, ANY, ASK_WRITE, INDEX_FIRST, OTHER_VERSION, REMOVED, type Scripts, WRITTEN } from './scripts.ts'
import type { SessionIndex } from './session-index.ts'

/** The header of a record whose keys a write has not all kept, in a list; or text; or `null` for a refusal where nothing stands. */
type Answer = readonly [header: string] | string | null

interface Parts {
  readonly keys: Keys
  readonly scripts: Scripts
  readonly index: SessionIndex
  readonly now: () => number
  /** Called for a key that holds no session. */
  readonly onGarbage: () => void
}

/** Reads and writes single sessions, each under its key, and keeps the indexes of their subjects and labels. */
export class RedisSessions {
  readonly #parts: Parts
  readonly #get: ReturnType<typeof sender>

  constructor (client: RedisClient, parts: Parts) {
    this.#parts = parts
    this.#get = sender(client, 'get')
  }

  async read (id: string): Promise<SessionRecord | null> {
    const { keys, now, onGarbage } = this.#parts
    let text: unknown
    try {
      text = await this.#get(keys.session(id))
    } catch (error) {
      if (!isWrongType(error)) throw error
      onGarbage()
      return null
    }
    if (text === null) return null
    const record = this.#decode(id, text as string)
    return record !== null && record.expiresAt > now() ? record : null
  }

  async write (id: string, record: SessionRecord, expectedVersion?: number): Promise<string | SessionRecord | null> {
    assertStorable(id, record)
    const { index, now } = this.#parts
    const keys = record.expiresAt > now() ? keysOf(record) : []
    // A new session is in no index yet. For a stored session the scripts compare keys and deadline with the indexes.
    const isNew = expectedVersion === undefined || expectedVersion === 0
    // A stored session is in the index, unless a failover has lost the entry: then this write brings the subject's back, beside the
    // session. The entries of labels come back with a renewal, or when the deadline moves into the next hour.
    const indexing = keys.length === 0 ? null : index.add(isNew ? keys : keys.filter(({ kind }) => kind === 'subject'), record)
    if (isNew) await indexing
    else indexing?.catch(() => {})
    // The header of a tombstone is never that of the session: looking for the same one first would lose to busy writers each time.
    const mayBeLean = !isNew && record.data !== ''
    let answer = mayBeLean ? answerOf(await this.#replace(record, expectedVersion, keys.length > 0)) : ASK_WRITE
    if (answer === ASK_WRITE) answer = await this.#send(record, expectedVersion, keys, !isNew)
    if (answer === INDEX_FIRST) {
      await Promise.all([indexing, index.add(keys.filter(({ kind }) => kind === 'label'), record)])
      answer = await this.#send(record, expectedVersion, keys, false)
    }
    return this.#resultOf(id, keys, answer)
  }

  /** The write of a session that goes on as before but for its data: three arguments where `#send` has seven. */
  #replace (record: SessionRecord, expectedVersion: number, hasKeys: boolean): Awaitable<unknown> {
    const { keys, scripts, now } = this.#parts
    const present = now()
    if (record.expiresAt <= present) return ASK_WRITE
    const key = keys.session(record.id)
    const expected = `${beginningOf(expectedVersion)}${nowText(present)}`
    const text = encodeRecord(record)
    const ttl = `${ttlOf(record, present)}`
    return hasKeys
      ? scripts.replace(key, expected, text, ttl, instantText(indexedAfter(record.expiresAt)))
      : scripts.replace(key, expected, text, ttl)
  }

  async touch (id: string, record: SessionRecord): Promise<boolean | null> {
    assertStorable(id, record)
    const { keys, scripts, index, now } = this.#parts
    await index.add(keysOf(record), record)
    const present = now()
    const answer = await scripts.touch(keys.session(id), nowText(present), versionText(record.version), deadlinesText(record),
      `${ttlOf(record, present)}`, instantText(record.lastAccessedAt))
    return Number(answer) === OTHER_VERSION ? null : Number(answer) === 1
  }

  /** Resolves once the id has left the indexes, too. */
  async remove (id: string): Promise<void> {
    const { keys, scripts, now } = this.#parts
    await this.#leave(id, await scripts.remove(keys.session(id), nowText(now())), [])
  }

  /** @param found the keys under which the session is found after the write */
  async #send (
    record: SessionRecord, expectedVersion: number | undefined, found: readonly IndexKey[], mustBeIndexed: boolean
  ): Promise<Answer> {
    const { id, expiresAt } = record
    const { keys, scripts } = this.#parts
    const now = this.#parts.now()
    const isExpired = expiresAt <= now
    const answer = await scripts.write(keys.session(id),
      nowText(now),
      expectedVersion === undefined ? ANY : expectedVersion === 0 ? ABSENT : versionText(expectedVersion),
      versionText(record.version),
      isExpired ? '' : encodeRecord(record),
      isExpired ? REMOVED : `${ttlOf(record, now)}`,
      found.length === 0 ? '' : keysText(record),
      found.length > 0 && mustBeIndexed ? instantText(indexedAfter(expiresAt)) : '')
    return answerOf(answer)
  }

  #resultOf (id: string, keys: readonly IndexKey[], answer: Answer): string | SessionRecord | null {
    if (answer === WRITTEN) return id
    if (typeof answer === 'object' && answer !== null) {
      // The session has ended, or has other keys: nobody has to wait until the old entries are gone.
      this.#leave(id, answer, keys)
      return id
    }
    const stands = answer === null ? null : this.#decode(id, answer)
    // The session has ended, so that the entries which this write has made are of no use.
    if ((stands?.data ?? '') === '') this.#parts.index.dropFrom(keys, id)
    return stands
  }

  /** Takes the id out of the indexes of the keys that the session had, and has not kept. Never rejects. */
  async #leave (id: string, answer: unknown, kept: readonly IndexKey[]): Promise<void> {
    if (!Array.isArray(answer)) return
    const left = keysOf(keysInHeader(`${answer[0]}`)).filter(key => !kept.some(other => isSameKey(other, key)))
    await this.#parts.index.dropFrom(left, id)
  }

  #decode (id: string, text: string): SessionRecord | null {
    const record = decodeRecord(id, text)
    if (record === null) this.#parts.onGarbage()
    return record
  }
}

function answerOf (answer: unknown): Answer { return typeof answer === 'number' ? `${answer}` : answer as Answer }

// A script is not rolled back: input which the server would refuse half-way must not reach the script.
function assertStorable (id: string, record: SessionRecord): void {
  if (!isId(id) || !isRecord(record)) throw new TypeError('RedisBackend stores records under ids of 64 hex digits')
}

/**
 * The time to live in ms. A point in time would be measured by the clock of the server, which may differ from ours. A tombstone has
 * a late deadline because of clocks that differ; the server's clock is one for all.
 */
function ttlOf ({ data, expiresAt }: SessionRecord, now: number): number {
  const ttl = Math.max(1, Math.floor(expiresAt - now))
  return data === '' ? Math.min(ttl, TOMBSTONE_MS) : ttl
}

function nowText (now: number): string { return instantText(Math.floor(now)) }
