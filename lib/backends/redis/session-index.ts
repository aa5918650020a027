import type { RemoveOptions, SessionRecord } from '../../../types/index.d.ts'
import { keysInHeader, labelText, subjectText } from '../../record/keys-text.ts'
import { TOMBSTONE_MS, tombstone } from '../../record/record.ts'
import { encodeRecord, instantText } from '../../record/record-text.ts'
import { type IndexKey, isSameKey, keysOf } from '../index-keys.ts'
import { inBatches, type RedisClient, sender } from './client.ts'
import type { Keys } from './keys.ts'
import { isYoung, scoreOf } from './scores.ts'
import { OF_ANOTHER, type Scripts } from './scripts.ts'

/** An id in the index of a subject or label. */
export interface Entry {
  readonly id: string
  /** Whether the session may be about to be stored: the id came into the index in the last five minutes. */
  readonly isYoung: boolean
}

/** What `end` came to for a session: see `END`. */
type Ended = number | readonly [header: string]

/**
 * The sessions of a subject or label: a sorted set of ids, with the scores of `scoreOf`.
 *
 * **Index first, then the session**: every session which can be read is in the index of each of its keys. `end` leaves a tombstone
 * under each indexed id, so that a session already indexed but not stored yet is refused when its write arrives. So `end` reaches
 * all sessions of a key without a transaction over several keys, which a cluster does not have.
 *
 * An id goes out of the indexes when its session ends, when it is found without a session and is not young, and by its score. An
 * index itself is never removed: a session may be about to be stored.
 */
export class SessionIndex {
  readonly #keys: Keys
  readonly #scripts: Scripts
  readonly #now: () => number
  readonly #range: ReturnType<typeof sender>
  readonly #remove: ReturnType<typeof sender>

  constructor (client: RedisClient, { keys, scripts, now }: { keys: Keys, scripts: Scripts, now: () => number }) {
    this.#keys = keys
    this.#scripts = scripts
    this.#now = now
    this.#range = sender(client, 'zrange')
    this.#remove = sender(client, 'zrem')
  }

  /** Puts the id of a session into the indexes of keys. Needed before the session itself is written. */
  async add (keys: readonly IndexKey[], { id, expiresAt }: Pick<SessionRecord, 'id' | 'expiresAt'>): Promise<void> {
    const now = Math.floor(this.#now())
    const score = scoreOf(expiresAt, now)
    const ttlMs = Math.max(1, score - now + TOMBSTONE_MS)
    const args = [id, `${score}`, `${now - TOMBSTONE_MS}`, `${ttlMs}`]
    await Promise.all(keys.map(key => this.#scripts.index(this.#keys.index(key), ...args)))
  }

  /** The entries, by id in ascending order. The sessions of some may have ended. */
  async entries (key: IndexKey): Promise<Entry[]> {
    const now = this.#now()
    const answer = await this.#range(this.#keys.index(key), 0, -1, 'WITHSCORES') as unknown[]
    // Pairs in RESP3, a flat list in RESP2.
    const flat = answer.flat()
    const entries: Entry[] = []
    for (let at = 0; at < flat.length; at += 2) entries.push({ id: flat[at] as string, isYoung: isYoung(Number(flat[at + 1]), now) })
    return entries.sort((a, b) => a.id < b.id ? -1 : 1)
  }

  /** Takes ids out of an index. Never rejects: an entry without a session does no harm, and a listing tries again. */
  async drop (key: IndexKey, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#remove(this.#keys.index(key), ...ids).catch(() => {})
  }

  /** Takes an id out of several indexes. Never rejects. */
  async dropFrom (keys: readonly IndexKey[], id: string): Promise<void> {
    await Promise.all(keys.map(key => this.drop(key, [id])))
  }

  /** As `drop`, and fails where the server refuses the command. For the check at the start. */
  async probe (id: string): Promise<void> { await this.#remove(this.#keys.index({ kind: 'subject', value: '' }), id) }

  /**
   * Ends the sessions with a key, and keeps sessions under creation from being stored.
   *
   * @returns how many sessions were live
   */
  async end (key: IndexKey, { except, ending }: RemoveOptions): Promise<number> {
    const entries = (await this.entries(key)).filter(({ id }) => id !== except)
    const answers = await inBatches(entries, entry => this.#bar(entry, key, ending))
    const ended = entries.flatMap(({ id }, n) => answers[n] === OF_ANOTHER ? [] : [{ id, answer: answers[n]! }])
    await this.drop(key, ended.map(({ id }) => id))
    await this.#dropOthers(key, ended)
    return answers.filter(answer => answer === 1 || typeof answer === 'object').length
  }

  /** Takes ended sessions out of the indexes of their other keys, each index by one command. */
  async #dropOthers (key: IndexKey, ended: ReadonlyArray<{ id: string, answer: Ended }>): Promise<void> {
    const others = new Map<string, { key: IndexKey, ids: string[] }>()
    for (const { id, answer } of ended) {
      if (typeof answer === 'number') continue
      for (const other of keysOf(keysInHeader(answer[0]))) {
        if (isSameKey(other, key)) continue
        const name = this.#keys.index(other)
        const group = others.get(name) ?? { key: other, ids: [] }
        group.ids.push(id)
        others.set(name, group)
      }
    }
    await inBatches([...others.values()], other => this.drop(other.key, other.ids))
  }

  async #bar ({ id, isYoung }: Entry, { kind, value }: IndexKey, ending: RemoveOptions['ending']): Promise<Ended> {
    const now = Math.floor(this.#now())
    const text = encodeRecord(ending === undefined ? tombstone(id, now) : { ...ending, id })
    const more = [text, `${TOMBSTONE_MS}`, isYoung ? '1' : '']
    const keyText = kind === 'subject' ? subjectText(value) : labelText(value)
    const answer = await this.#scripts.end(this.#keys.session(id), instantText(now), keyText, ...more)
    return Array.isArray(answer) ? [`${answer[0]}`] : Number(answer)
  }
}
