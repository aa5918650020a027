import { hash } from 'node:crypto'
import type { ForeignSession, Instant, SessionReader, SessionRecord } from '../../types/index.d.ts'
import { freezeRecord, tombstone } from '../record/record.ts'
import { type Flow, wait } from '../tools/flow.ts'

/** Browsers keep no cookie for longer (RFC 6265bis, 5.5). */
export const LONGEST_COOKIE_MS = 400 * 86_400_000

/** A session of a different library, on its way in. */
export class Arrival {
  /** Whether the record under the derived token is there already. */
  readonly isStored: boolean
  /** Removes the record in the store of the library; `null` where the record stays. */
  readonly removeForeign: (() => Flow<unknown>) | null
  readonly #id: string
  /** When the library ends the session. */
  readonly #until: Instant | null
  #isPending = true

  constructor (id: string, isStored: boolean, reader: SessionReader, session: Pick<ForeignSession, 'expiresAt' | 'remove'>) {
    this.isStored = isStored
    this.removeForeign = reader.clear === true && session.remove !== undefined ? () => wait(session.remove!()) : null
    this.#id = id
    this.#until = session.expiresAt
  }

  /** Whether our cookie is not on the reply yet. */
  get isPending (): boolean { return this.#isPending }

  settle (): void { this.#isPending = false }

  /** The marker of the session, as it is taken over: a tombstone, which no load takes for a session and no listing shows. */
  marker (now: Instant): SessionRecord {
    const marker = tombstone(markerIdOf(this.#id), now)
    return freezeRecord({ ...marker, expiresAt: Math.max(marker.expiresAt, this.#until ?? now + LONGEST_COOKIE_MS) })
  }
}

/** Where it is known that a session has come in. The space keeps markers apart from sessions: no token has a space in it. */
export function markerIdOf (id: string): string { return hash('sha256', `arrived ${id}`, 'hex') }
