import type { SessionRecord } from '../../../types/index.d.ts'
import { TOMBSTONE_MS, tombstone } from '../../record/record.ts'
import { encodeRecord, instantText } from '../../record/record-text.ts'
import { inBatches, type RedisClient, sender } from './client.ts'
import type { Keys } from './keys.ts'
import type { Scripts } from './scripts.ts'

/** A session that is used moves its deadline with each write; its place in the index moves once in so long. */
const STEP_MS = 3_600_000

/**
 * Which sessions a subject has: a sorted set of ids, by when they may be dropped.
 *
 * **Index first, then the session**: what can be read is in the index. Revocation leaves a tombstone under each indexed
 * id, so that a session that is indexed, and not stored yet, is refused. The two orders together leave nothing behind,
 * without a transaction over several keys, which a cluster does not have.
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

  async add (subject: string, { id, expiresAt }: Pick<SessionRecord, 'id' | 'expiresAt'>): Promise<void> {
    const now = Math.floor(this.#now())
    const score = lastOfStep(expiresAt)
    const ttlMs = Math.max(1, score - now + TOMBSTONE_MS)
    await this.#scripts.index(this.#keys.subject(subject), id, `${score}`, `${now - TOMBSTONE_MS}`, `${ttlMs}`)
  }

  /** All that may have a session; some have none any more. In order of id. */
  async ids (subject: string): Promise<string[]> {
    return (await this.#range(this.#keys.subject(subject), 0, -1) as string[]).sort()
  }

  /** Ends the sessions of a subject, and bars those under way; how many were live. */
  async end (subject: string, except: string | undefined): Promise<number> {
    const ids = (await this.ids(subject)).filter(id => id !== except)
    const ended = await inBatches(ids, id => this.#bar(id, subject))
    return ended.reduce((sum, count) => sum + count, 0)
  }

  async #bar (id: string, subject: string): Promise<number> {
    const now = Math.floor(this.#now())
    const stone = encodeRecord(tombstone(id, now))
    return Number(await this.#scripts.end(this.#keys.session(id), instantText(now), subjectText(subject), stone, `${TOMBSTONE_MS}`))
  }
}

/** How a subject stands in a record's header; nothing else can look like it, since JSON escapes quotes. */
export function subjectText (subject: string): string { return ` {"subject":${JSON.stringify(subject)}` }

/** A stored session with a deadline after this one is indexed for a deadline of `expiresAt` already. */
export function indexedAfter (expiresAt: number): number { return Math.max(0, lastOfStep(expiresAt) - STEP_MS) }

function lastOfStep (expiresAt: number): number { return Math.ceil(expiresAt / STEP_MS) * STEP_MS }
