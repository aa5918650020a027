import { START } from '../helpers/times.ts'
import { deadlineOf, isPersistent, type Times } from './rules.ts'
import type { Settings, Traits } from './settings.ts'
import type { Data, Stored } from './steps.ts'

/** A stored session. */
export interface Rec extends Times {
  readonly id: string
  /** Another number for each write; a renewal keeps it. */
  readonly version: number
  readonly data: Data
  readonly subject: string | null
  /** By version: the keys to which the write assigned an object. */
  readonly assigned: ReadonlyMap<number, ReadonlySet<string>>
}

/** What stays of a session that went on under another id (section 5.2). */
export interface Tombstone { readonly successor: string }

/** A cookie that the browser was given. */
export interface Cookie {
  readonly id: string
  /** The whole session, where sessions are in cookies. */
  readonly sealed: Rec | null
  /** Until when the browser keeps the cookie; `null`: until the browser is closed. */
  readonly endsAt: number | null
}

/** The store, the clock and the browser, as the contract says that they are. */
export class World {
  readonly settings: Settings
  readonly traits: Traits
  now = START
  cookie: Cookie | null = null
  /** Every cookie that was ever given out. */
  readonly given: Cookie[] = []
  readonly #records = new Map<string, Rec | Tombstone>()
  #names = 0
  #versions = 0

  constructor (settings: Settings, traits: Traits) {
    this.settings = settings
    this.traits = traits
  }

  newId (): string { return `id ${++this.#names}` }
  newVersion (): number { return ++this.#versions }

  deadline (times: Times): number { return deadlineOf(times, this.settings) }
  isOver (times: Times): boolean { return this.now >= this.deadline(times) }

  // ------------------------------------------------------------------------------------------ what is stored

  /** Section 5.4: both deadlines are checked on every load. */
  load (cookie: Cookie | null): Rec | null {
    if (cookie === null) return null
    const record = this.traits.inCookie ? cookie.sealed : this.#stored(cookie.id)
    return record === null || this.isOver(record) ? null : record
  }

  #stored (id: string): Rec | null {
    const record = this.#records.get(id)
    return record === undefined || 'successor' in record ? null : record
  }

  /**
   * Section 4.12: the record that a commit meets in place of what its request has read; `null` where it is gone, also by its
   * deadline. What a cookie holds is what the request has read, unless it reads again.
   */
  standing (base: Rec, readsAgain: boolean): Rec | null {
    if (this.traits.inCookie) return readsAgain && this.isOver(base) ? null : base
    const record = this.#stored(base.id)
    return record === null || this.isOver(record) ? null : record
  }

  put (record: Rec): void { if (!this.traits.inCookie) this.#records.set(record.id, record) }

  remove (id: string): void { this.#records.delete(id) }

  /** Section 5.3: the old id is dead. */
  moveOn (id: string, successor: string | null): void {
    if (successor === null || !this.traits.atomic) this.remove(id)
    else this.#records.set(id, { successor })
  }

  /** Section 5.2: a session is ended wherever it went. */
  end (id: string): void {
    const record = this.#records.get(id)
    if (record !== undefined && 'successor' in record) this.end(record.successor)
    else this.remove(id)
  }

  /** Live sessions only, as `app.sessions` shows them. */
  live (): Stored[] {
    const stored = [...this.#records.values()].filter(record => !('successor' in record)) as Rec[]
    return stored.filter(record => !this.isOver(record)).map(record => this.shown(record))
  }

  shown (record: Rec): Stored {
    const { id, data, subject, createdAt, lastUse } = record
    return { id, data, subject, createdAt, lastAccessedAt: lastUse, expiresAt: this.deadline(record) }
  }

  // ------------------------------------------------------------------------------------------ what the browser holds

  /** Section 4.5: the cookie of a session, with Max-Age where it outlives the browser. */
  cookieOf (record: Rec): Cookie {
    return {
      id: record.id,
      sealed: this.traits.inCookie ? record : null,
      endsAt: isPersistent(record.policy, this.settings) ? this.deadline(record) : null
    }
  }

  /** The answer has come. */
  receive (cookie: Cookie | null | undefined): void {
    if (cookie === undefined) return
    this.cookie = cookie
    if (cookie !== null) this.given.push(cookie)
  }
}
