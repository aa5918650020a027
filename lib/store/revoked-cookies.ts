import type { Instant, SessionBackend, SessionMeta, SessionPolicy, SessionRecord, SessionWatch } from '../../types/index.d.ts'
import type { Settings } from '../config/options.ts'
import { randomVersion } from '../crypto/random.ts'
import { lifetimeOf } from '../record/lifetime.ts'
import { endedId, endingAmong, endingIdsOf } from '../record/marks.ts'
import { freezeRecord, isRecord, tombstone, TOMBSTONE_LIFE_MS } from '../record/record.ts'
import { BoundedMap } from '../tools/bounded-map.ts'
import type { Flow } from '../tools/flow.ts'
import type { OnBreaker } from './breakers.ts'
import { LongestLife } from './longest-life.ts'
import { Store } from './store.ts'

/** Where the endings of cookie sessions are kept. */
export interface Revocation {
  readonly backend: SessionBackend
  /** For how long an answer of the backend may be used again, where the backend does not report changes. */
  readonly stalenessMs: number
}

interface Known {
  readonly answer: unknown
  readonly at: Instant
}

const MAX_KNOWN = 20_000

/**
 * The endings of sessions that live in their cookies: a tombstone for each session that was ended, and a mark for each revocation of a
 * subject, a label or everybody (lib/record/marks.ts). Nothing is kept of a session that lives. An entry stays for as long as the last
 * copy of the cookie could be valid.
 */
export class RevokedCookies {
  readonly store: Store
  readonly #settings: Settings
  readonly #stalenessMs: number
  readonly #onChange: (id: string | null) => void
  readonly #longest: LongestLife
  readonly #known = new BoundedMap<string, Known>(MAX_KNOWN)
  /** A hash each, of records that come again and again: the cookie backend hands out the same one for the same text. */
  readonly #idsOf = new WeakMap<SessionRecord, readonly string[]>()
  #reports = 0
  #watch: SessionWatch | null = null

  /** @param onChange told of each entry that may have changed, here or elsewhere; `null` for any */
  constructor (settings: Settings, { backend, stalenessMs }: Revocation, onBreaker: OnBreaker, onChange: (id: string | null) => void) {
    this.#settings = settings
    this.#stalenessMs = stalenessMs
    this.#onChange = onChange
    this.store = new Store({ ...settings, backend }, backend, onBreaker, { stored: ({ id }) => { this.#hear(id) }, ended: this.#hear })
    this.#longest = new LongestLife(settings, this.store)
  }

  /** The ids under which an ending of a session is stored. */
  keysOf (record: SessionRecord): readonly string[] {
    const ids = this.#idsOf.get(record) ?? endingIdsOf(this.#settings.property, record)
    this.#idsOf.set(record, ids)
    return ids
  }

  /**
   * What has ended a session; `null` where the session stands, or where it has ended so shortly ago that this process does not know.
   *
   * @param isFresh whether the backend is asked whatever is known
   */
  * endingOf (record: SessionRecord, isFresh = false): Flow<SessionRecord | null> {
    const ids = this.keysOf(record)
    const answers = new Map(ids.map(id => [id, this.#known.get(id)?.answer]))
    const unknown = isFresh ? ids : this.#outOfDate(ids)
    if (unknown.length > 0) yield * this.#ask(unknown, answers)
    return endingAmong(record, [...answers.values()])
  }

  /** Asks the backend, and puts its answers into `answers`. */
  * #ask (unknown: readonly string[], answers: Map<string, unknown>): Flow<void> {
    this.watch()
    const [reports, at] = [this.#reports, this.#settings.now()]
    const read = yield * this.store.readMany(unknown)
    for (const [index, id] of unknown.entries()) {
      answers.set(id, read[index])
      // Where something was stored meanwhile, the answer may be the one from before.
      if (reports === this.#reports) this.#known.set(id, { answer: read[index], at })
    }
  }

  /**
   * Ends every copy of a session.
   *
   * @returns `null`, or the tombstone of an ending that came before
   */
  * end (id: string, meta: SessionMeta | null): Flow<SessionRecord | null> {
    const key = endedId(this.#settings.property, id)
    const ending = this.#lasting(tombstone(key, this.#settings.now(), meta))
    const answer = yield * this.store.put(ending, 0, { data: {} })
    if (answer.written) {
      yield * this.#prolong(ending)
      return null
    }
    const theirs = answer.theirs ?? (yield * this.store.read(key))
    return isRecord(theirs) ? theirs : ending
  }

  /** Leaves the mark of a revocation. */
  * mark (mark: SessionRecord): Flow<void> {
    const lasting = this.#lasting(mark)
    yield * this.store.putBlindly(lasting)
    yield * this.#prolong(lasting)
  }

  /**
   * To be called before a session is sealed: endings have to stay for as long as this text can be valid.
   *
   * @returns whether an ending meanwhile may have been too short, so that the session is to be judged anew
   */
  * assureLife (policy: SessionPolicy | null): Flow<boolean> {
    const { idleMs, absoluteMs } = lifetimeOf(policy, this.#settings.lifetime)
    return yield * this.#longest.grow(Math.min(idleMs, absoluteMs))
  }

  async close (): Promise<void> {
    this.store.close()
    await this.#watch?.close()
  }

  /** A process may just have begun to seal sessions of a longer life. Keeps the version, which sessions that come later keep. */
  * #prolong (ending: SessionRecord): Flow<void> {
    if (!(yield * this.#longest.hasGrown())) return
    const { backend } = this.store
    const longer = this.#lasting(ending)
    if (backend.touch === undefined) yield * this.store.putBlindly({ ...longer, version: randomVersion() })
    else yield * this.store.call('touch', longer.id, () => backend.touch!(longer.id, longer), '')
  }

  #lasting (record: SessionRecord): SessionRecord {
    return freezeRecord({ ...record, expiresAt: this.#settings.now() + this.#longest.ms + TOMBSTONE_LIFE_MS })
  }

  /** Those of which this process knows nothing, or nothing that still counts. */
  #outOfDate (ids: readonly string[]): readonly string[] {
    const now = this.#settings.now()
    const hears = this.#watch?.isLive === true
    return ids.filter(id => {
      const known = this.#known.get(id)
      if (known === undefined) return true
      const age = now - known.at
      return !hears && (age < 0 || age >= this.#stalenessMs)
    })
  }

  /** From now on the backend reports what changes, where it can: to this cache and to `onChange`. `null` where it cannot. */
  watch (): SessionWatch | null {
    const { backend } = this.store
    this.#watch ??= backend.watch?.(this.#hear, { lease: this.#stalenessMs }) ?? null
    return this.#watch
  }

  readonly #hear = (id: string | null): void => {
    this.#reports++
    if (id === null) this.#known.clear()
    else this.#known.delete(id)
    this.#onChange(id)
  }
}
