import type { SessionRecord } from '../../../types/index.d.ts'
import { TOMBSTONE_MS, tombstone } from '../../record/record.ts'
import { encodeRecord, instantText } from '../../record/record-text.ts'
import { inBatches, type RedisClient, sender } from './client.ts'
import type { Keys } from './keys.ts'
import { isYoung, scoreOf } from './scores.ts'
import { OF_ANOTHER, type Scripts } from './scripts.ts'

/** An id in the index of a subject. */
export interface Entry {
  readonly id: string
  /** Whether the session may be about to be stored: the id came into the index in the last five minutes. */
  readonly isYoung: boolean
}

/**
 * The sessions of a subject: a sorted set of ids, with the scores of `scoreOf`.
 *
 * **Index first, then the session**: every session which can be read is in the index. `end` leaves a tombstone under each
 * indexed id, so that a session already indexed but not stored yet is refused when its write arrives. So `end` reaches all
 * sessions of the subject without a transaction over several keys, which a cluster does not have.
 *
 * An id goes out of the index when its session ends, when it is found without a session and is not young, and by its score. The
 * index itself is never removed: a session may be about to be stored.
 */
export class SubjectIndex {
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

  /** Puts the id of a session into the index of the subject. Needed before the session itself is written. */
  async add (subject: string, { id, expiresAt }: Pick<SessionRecord, 'id' | 'expiresAt'>): Promise<void> {
    const now = Math.floor(this.#now())
    const score = scoreOf(expiresAt, now)
    const ttlMs = Math.max(1, score - now + TOMBSTONE_MS)
    await this.#scripts.index(this.#keys.subject(subject), id, `${score}`, `${now - TOMBSTONE_MS}`, `${ttlMs}`)
  }

  /** The entries, by id in ascending order. The sessions of some may have ended. */
  async entries (subject: string): Promise<Entry[]> {
    const now = this.#now()
    const answer = await this.#range(this.#keys.subject(subject), 0, -1, 'WITHSCORES') as unknown[]
    // Pairs in RESP3, a flat list in RESP2.
    const flat = answer.flat()
    const entries: Entry[] = []
    for (let at = 0; at < flat.length; at += 2) entries.push({ id: flat[at] as string, isYoung: isYoung(Number(flat[at + 1]), now) })
    return entries.sort((a, b) => a.id < b.id ? -1 : 1)
  }

  /** Takes ids out of the index. Never rejects: an entry without a session does no harm, and a listing tries again. */
  async drop (subject: string, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#remove(this.#keys.subject(subject), ...ids).catch(() => {})
  }

  /** As `drop`, and fails where the server refuses the command. For the check at the start. */
  async probe (id: string): Promise<void> { await this.#remove(this.#keys.subject(''), id) }

  /**
   * Ends the sessions of a subject, and keeps sessions under creation from being stored.
   *
   * @returns how many sessions were live
   */
  async end (subject: string, except: string | undefined): Promise<number> {
    const entries = (await this.entries(subject)).filter(({ id }) => id !== except)
    const answers = await inBatches(entries, entry => this.#bar(entry, subject))
    await this.drop(subject, entries.filter((_, n) => answers[n] !== OF_ANOTHER).map(({ id }) => id))
    return answers.filter(answer => answer === 1).length
  }

  async #bar ({ id, isYoung }: Entry, subject: string): Promise<number> {
    const now = Math.floor(this.#now())
    const text = encodeRecord(tombstone(id, now))
    const more = [text, `${TOMBSTONE_MS}`, isYoung ? '1' : '']
    return Number(await this.#scripts.end(this.#keys.session(id), instantText(now), subjectText(subject), ...more))
  }
}

/** The subject as a record's header has it. No other part of a header can contain this text, since JSON escapes quotes. */
export function subjectText (subject: string): string { return ` {"subject":${JSON.stringify(subject)}` }

/** The subject in a header which contains a subject; `null` for a header of a format that this version does not know. */
export function subjectOf (header: string): string | null {
  try {
    const { subject } = JSON.parse(header.slice(header.indexOf('{'))) as { subject?: unknown }
    return typeof subject === 'string' ? subject : null
  } catch {
    return null
  }
}
