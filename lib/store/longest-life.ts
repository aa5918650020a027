import { hash } from 'node:crypto'
import type { Instant } from '../../types/index.d.ts'
import type { Settings } from '../config/options.ts'
import { freezeRecord, isRecord, tombstone } from '../record/record.ts'
import type { Flow } from '../tools/flow.ts'
import type { Store } from './store.ts'

/** A write that always meets a write of others means that others raise the same figure. */
const MAX_TRIES = 10

/**
 * How long the text of any cookie session can be valid from its last use: the entry of an ending has to stay for so long, and a session
 * may have a longer life than the options give (`setLifetime`). The figure is kept in the store, since each process has to know it, and
 * is raised before the first text of a longer life is sealed.
 *
 * Of a text and an ending at the same time, the text's process raises the figure and then looks for the ending; the ending's process
 * stores the ending and then looks at the figure. So at least one of them sees the other.
 */
export class LongestLife {
  readonly #settings: Settings
  readonly #store: Store
  readonly #id: string
  #ms = 0
  /** Until when the store keeps the figure for sure. */
  #knownUntil: Instant = 0

  constructor (settings: Settings, store: Store) {
    this.#settings = settings
    this.#store = store
    this.#id = hash('sha256', `${settings.property}:longest life`, 'hex')
  }

  /** In milliseconds, as far as this process knows. */
  get ms (): number { return this.#ms }

  /** Asks the store, and tells whether the figure is larger than this process knew. */
  * hasGrown (): Flow<boolean> {
    const before = this.#ms
    this.#note(yield * this.#store.read(this.#id))
    return this.#ms > before
  }

  /** Makes the figure at least so large. Tells whether the store had to be asked. */
  * grow (ms: number): Flow<boolean> {
    const now = this.#settings.now()
    if (ms <= this.#ms && now < this.#knownUntil) return false
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const stands = yield * this.#store.read(this.#id)
      this.#note(stands)
      if (ms <= this.#ms && now < this.#knownUntil) return true
      const figure = Math.max(ms, this.#ms)
      const raised = freezeRecord({
        ...tombstone(this.#id, now), policy: { idleTimeout: figure }, expiresAt: now + 2 * figure
      })
      const { written } = yield * this.#store.put(raised, isRecord(stands) ? stands.version : 0, { data: {} })
      if (written) this.#note(raised)
    }
    return true
  }

  #note (answer: unknown): void {
    const figure = isRecord(answer) ? answer.policy?.idleTimeout ?? 0 : 0
    this.#ms = Math.max(this.#ms, figure)
    // A text that is sealed by then can be valid for as long as the store keeps the figure.
    this.#knownUntil = isRecord(answer) ? answer.expiresAt - figure : 0
  }
}
