import type { SessionRecord } from '../../../types/index.d.ts'
import { TOMBSTONE_MS, tombstone } from '../../record/record.ts'
import { encodeRecord, instantText } from '../../record/record-text.ts'
import { inBatches, type RedisClient, sender } from './client.ts'
import type { Keys } from './keys.ts'
import type { Scripts } from './scripts.ts'

/** A session in use moves its deadline with each write. The score of its id moves once an hour, to save commands. */
const STEP_MS = 3_600_000

/**
 * The sessions of a subject: a sorted set of ids, scored by the time at which an id is dropped.
 *
 * **Index first, then the session**: every session which can be read is in the index. `end` leaves a tombstone under each
 * indexed id, so that a session already indexed but not stored yet is refused when its write arrives. So `end` reaches all
 * sessions of the subject without a transaction over several keys, which a cluster does not have.
 */
export class SubjectIndex {
  readonly #keys: Keys
  readonly #scripts: Scripts
  readonly #now: () => number
  readonly #range: ReturnType<typeof sender>

  constructor (client: RedisClient, { keys, scripts, now }: { keys: Keys, scripts: Scripts, now: () => number }) {
    this.#keys = keys
    this.#scripts = scripts
    this.#now = now
    this.#range = sender(client, 'zrange')
  }

  /** Puts the id of a session into the index of the subject. Needed before the session itself is written. */
  async add (subject: string, { id, expiresAt }: Pick<SessionRecord, 'id' | 'expiresAt'>): Promise<void> {
    const now = Math.floor(this.#now())
    const score = lastOfStep(expiresAt)
    const ttlMs = Math.max(1, score - now + TOMBSTONE_MS)
    await this.#scripts.index(this.#keys.subject(subject), id, `${score}`, `${now - TOMBSTONE_MS}`, `${ttlMs}`)
  }

  /** Ids in ascending order. The sessions of some ids may have ended. */
  async ids (subject: string): Promise<string[]> {
    return (await this.#range(this.#keys.subject(subject), 0, -1) as string[]).sort()
  }

  /**
   * Ends the sessions of a subject, and keeps sessions under creation from being stored.
   *
   * @returns how many sessions were live
   */
  async end (subject: string, except: string | undefined): Promise<number> {
    const ids = (await this.ids(subject)).filter(id => id !== except)
    const ended = await inBatches(ids, id => this.#bar(id, subject))
    return ended.reduce((sum, count) => sum + count, 0)
  }

  async #bar (id: string, subject: string): Promise<number> {
    const now = Math.floor(this.#now())
    const text = encodeRecord(tombstone(id, now))
    return Number(await this.#scripts.end(this.#keys.session(id), instantText(now), subjectText(subject), text, `${TOMBSTONE_MS}`))
  }
}

/** The subject as a record's header has it. No other part of a header can contain this text, since JSON escapes quotes. */
export function subjectText (subject: string): string { return ` {"subject":${JSON.stringify(subject)}` }

/** A stored session with a later deadline than this has the score of `expiresAt` already, so that the index need not move. */
export function indexedAfter (expiresAt: number): number { return Math.max(0, lastOfStep(expiresAt) - STEP_MS) }

function lastOfStep (expiresAt: number): number { return Math.ceil(expiresAt / STEP_MS) * STEP_MS }
