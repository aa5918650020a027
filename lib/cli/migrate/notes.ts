import { hash } from 'node:crypto'
import type { Instant, SessionRecord } from '../../../types/index.d.ts'
import { lifetimeOf } from '../../record/lifetime.ts'
import { freezeRecord, isRecord, tombstone } from '../../record/record.ts'
import type { Registration } from '../../store/registration.ts'

/** What was copied last of a session. */
export interface Note {
  readonly version: number
  readonly lastAccessedAt: Instant
}

/** As long as a session without an absolute timeout is taken to live at most: browsers keep no cookie for longer. */
const LONGEST_MS = 400 * 86_400_000

/**
 * Notes of what was copied, in the source, under an id of their own for each session.
 *
 * A session that ends may leave nothing in the target; whether it was copied before, only a note tells. The notes are in the source,
 * so that emptying the target (`revokeAll`) leaves them. They have no data, as tombstones, so that no listing shows them. A source
 * without compare-and-set might list them, and gets none.
 */
export class Notes {
  readonly #registration: Registration

  constructor (source: Registration) {
    this.#registration = source
  }

  async of (id: string): Promise<Note | null> {
    const { store } = this.#registration
    if (!store.isAtomic) return null
    const answer = await store.run(store.read(this.#idOf(id)))
    if (!isRecord(answer)) return null
    return { version: answer.meta?.mark as number, lastAccessedAt: answer.lastAccessedAt }
  }

  /** @param known the note that stands, which spares a write where it says the same */
  async write (record: SessionRecord, known: Note | null): Promise<void> {
    const { store } = this.#registration
    const { version, lastAccessedAt } = record
    if (!store.isAtomic || (known?.version === version && known.lastAccessedAt === lastAccessedAt)) return
    const note = tombstone(this.#idOf(record.id), lastAccessedAt, { mark: version })
    await store.run(store.putBlindly(freezeRecord({ ...note, expiresAt: this.#deadlineOf(record) })))
  }

  /** However often the session is renewed in the source, its note lives longer. */
  #deadlineOf ({ createdAt, expiresAt, policy }: SessionRecord): Instant {
    const { settings } = this.#registration
    const last = createdAt + lifetimeOf(policy, settings.lifetime).absoluteMs
    return Math.max(expiresAt, Math.min(last, settings.now() + LONGEST_MS))
  }

  #idOf (id: string): string {
    const { property } = this.#registration.settings
    // The space keeps notes apart from sessions: no token has a space in it.
    return hash('sha256', `${property}:copied ${id}`, 'hex')
  }
}
