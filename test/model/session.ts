import { deadlineOf, isEmpty, isPersistent, isRenewalDue, isSame, isSameData, mergeData, mergeOne, type Policy } from './rules.ts'
import type { Data, Outcome, Route, View } from './steps.ts'
import type { Cookie, Rec, World } from './world.ts'

/** What a request wants stored. */
export interface Draft {
  readonly data: Data
  readonly subject: string | null
  readonly policy: Policy | null
}

/** An error that the contract asks for, by its code. */
export class Refusal extends Error {
  readonly code: string
  constructor (code: string) {
    super(code)
    this.code = code
  }
}

/** The session of a request in the model: what is read from it, and what becomes of it. */
export class ModelSession {
  readonly world: World
  readonly isUse: boolean
  readonly #carried: boolean
  /** `gone`: the record is gone. `destroyed`: by the request. */
  phase: 'live' | 'gone' | 'destroyed' = 'live'
  /** What the request read, or stored last. */
  base: Rec | null
  id: string
  createdAt: number
  data: Data = {}
  /** The values that the handler was given, by key: an object in place of one of them was assigned. */
  #handedOut: Data = {}
  subject: string | null = null
  policy: Policy | null = null
  isCleared = false
  isTouched = false
  /** What the answer says of the cookie: `undefined` nothing, `null` that it goes. */
  cookie: Cookie | null | undefined
  wire: Outcome['cookie'] = 'none'

  constructor (world: World, route: Route) {
    this.world = world
    this.isUse = route !== '/passive'
    this.#carried = world.cookie !== null
    this.base = world.load(world.cookie)
    this.id = this.base?.id ?? world.newId()
    this.createdAt = world.now
    if (this.base !== null) this.show(this.base)
  }

  // ------------------------------------------------------------------------------------------ what is read from it

  get draft (): Draft { return { data: this.data, subject: this.subject, policy: this.policy } }

  /** Section 3, `isModified`: whether data, subject or lifetime differ from what is stored. */
  get isChanged (): boolean {
    const { base } = this
    if (base === null) return !isEmpty(this.draft)
    return !isSameData(this.data, base.data) || this.subject !== base.subject || !isSame(this.policy, base.policy)
  }

  get isRenewal (): boolean {
    const { base, world } = this
    return base !== null && (this.isTouched || (this.isUse && isRenewalDue(base, world.now, world.settings)))
  }

  /** Section 4: only requests that are not passive count as use, and `touch` does. */
  lastUse (record: Rec): number {
    return this.isUse || this.isTouched ? Math.max(record.lastUse, this.world.now) : record.lastUse
  }

  /** The keys to which the handler has assigned an object. */
  get assigned (): ReadonlySet<string> { return assignedKeys(this.data, this.#handedOut) }

  view (error: string | null): View {
    const { base, createdAt, data, id, phase, subject, world } = this
    const view = { error, data: structuredClone(data), subject, more: null }
    if (phase !== 'live') return view
    return {
      ...view,
      more: {
        id,
        isNew: base === null,
        isEmpty: isEmpty(this.draft),
        isModified: this.isChanged,
        createdAt: base?.createdAt ?? createdAt,
        lastAccessedAt: base?.lastUse ?? createdAt,
        expiresAt: deadlineOf(this.#shownTimes, world.settings)
      }
    }
  }

  /** Section 3: `touch` and `setLifetime` show at once what the commit stores. */
  get #shownTimes () {
    const { base, createdAt, policy } = this
    if (base === null) return { createdAt, lastUse: createdAt, policy }
    const isMoved = this.isTouched || !isSame(policy, base.policy)
    return { createdAt: base.createdAt, lastUse: isMoved ? this.lastUse(base) : base.lastUse, policy }
  }

  assertNotGone (): void { if (this.phase === 'gone') throw new Refusal('SES_DESTROYED') }

  /** Section 4.12: what is stored by now, or the session is gone. */
  standing (readsAgain: boolean): Rec | null {
    const record = this.world.standing(this.base!, readsAgain)
    if (record === null) this.phase = 'gone'
    return record
  }

  /**
   * Whether a commit goes by what the request read, since a renewal, which keeps the version, is all that came in between. Its own use
   * is as late, by at most what `renewAfter` allows.
   */
  isOverwriting ({ version }: Rec, isTransaction: boolean): boolean {
    return version === this.base!.version && this.isUse && !isTransaction && this.world.traits.atomic
  }

  /** Section 5.1: the request's own changes, against what it read, on top of what is stored now. */
  mergedWith (theirs: Rec): Draft {
    const base = this.base!
    const mine = structuredClone(this.draft)
    if (theirs.version === base.version) return mine
    // A renewal, or a transaction that has changed nothing, is no change to conflict with.
    const isAnother = [theirs.data, theirs.subject, theirs.policy].some((value, n) => !isSame(value, [base.data, base.subject, base.policy][n]))
    const isMine = this.isCleared || this.isChanged
    if (this.world.settings.onConflict === 'error' && isMine && isAnother) throw new Refusal('SES_CONFLICT')
    const policy = mergeOne(base.policy, mine.policy, theirs.policy)
    // `clear()` also drops what was added meanwhile.
    if (this.isCleared) return { ...mine, policy }
    const isAssigned = (key: string): boolean => this.assigned.has(key) || wasAssigned(theirs, base.version, key)
    const data = mergeData(base.data, mine.data, structuredClone(theirs.data), isAssigned)
    return { data, subject: mergeOne(base.subject, mine.subject, theirs.subject), policy }
  }

  // ------------------------------------------------------------------------------------------ what becomes of it

  /** The handler sees what is stored. */
  show (record: Rec): void {
    this.base = record
    this.id = record.id
    this.data = structuredClone(record.data)
    this.#handedOut = { ...this.data }
    this.subject = record.subject
    this.policy = record.policy
    this.isCleared = this.isTouched = false
  }

  /** Section 4.5: when a cookie is sent. */
  adopt (record: Rec, before: Rec | null): void {
    const { world } = this
    this.phase = 'live'
    this.show(record)
    const [wasKept, isKept] = [before, record].map(each => each !== null && isPersistent(each.policy, world.settings))
    if (before !== null && !world.traits.inCookie) {
      if (!wasKept && !isKept) return
      const hasMoved = wasKept !== isKept || world.deadline(before) !== world.deadline(record)
      if (this.wire !== 'set') this.wire = hasMoved ? 'set' : 'may'
    } else this.wire = 'set'
    this.cookie = world.cookieOf(record)
  }

  startEmpty (createdAt: number, policy: Policy | null): void {
    this.phase = 'live'
    this.base = null
    this.id = this.world.newId()
    this.createdAt = createdAt
    this.data = {}
    this.#handedOut = {}
    this.subject = null
    this.policy = policy
    this.isCleared = this.isTouched = false
  }

  /** Only where the browser may hold one. */
  clearCookie (): void {
    if (!this.#carried && this.cookie === undefined) return
    this.cookie = null
    this.wire = 'clear'
  }
}

/** The keys of which the value is an object that was not handed out. */
export function assignedKeys (data: Data, handedOut: Data): ReadonlySet<string> {
  return new Set(Object.keys(data).filter(key => typeof data[key] === 'object' && data[key] !== null && data[key] !== handedOut[key]))
}

function wasAssigned ({ assigned }: Rec, since: number, key: string): boolean {
  return [...assigned].some(([version, keys]) => version > since && keys.has(key))
}
