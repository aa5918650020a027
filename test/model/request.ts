import { edit } from './edits.ts'
import { deadlineOf, isEmpty, isPersistent, isRenewalDue, isSame, isSameData, mergeData, mergeOne, type Policy, policyOf } from './rules.ts'
import type { Act, Data, Outcome, Route, View } from './steps.ts'
import type { Cookie, Rec, World } from './world.ts'

type Phase = 'live' | 'gone' | 'destroyed'

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

/** A request with its session, as the contract says. */
export class ModelRequest {
  readonly world: World
  readonly isUse: boolean
  readonly views: View[] = []
  readonly #carried: boolean
  #phase: Phase = 'live'
  /** What the request read, or stored last. */
  #base: Rec | null
  #id: string
  #createdAt: number
  #data: Data = {}
  /** The values that the handler was given, by key: an object in place of one of them was assigned. */
  #handedOut: Data = {}
  #subject: string | null = null
  #policy: Policy | null = null
  #isCleared = false
  #isTouched = false
  /** What the answer says of the cookie: `undefined` nothing, `null` that it goes. */
  #cookie: Cookie | null | undefined
  #wire: Outcome['cookie'] = 'none'

  constructor (world: World, route: Route) {
    this.world = world
    this.isUse = route !== '/passive'
    this.#carried = world.cookie !== null
    this.#base = world.load(world.cookie)
    this.#id = this.#base?.id ?? world.newId()
    this.#createdAt = world.now
    if (this.#base !== null) this.#show(this.#base)
    this.#look(null)
  }

  // ------------------------------------------------------------------------------------------ the handler

  run (acts: readonly Act[]): void {
    for (const act of acts) {
      try {
        this.#do(act)
        this.#look(null)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        this.#look(error.code)
      }
    }
  }

  #do (act: Act): void {
    if (act.do === 'wait') {
      this.world.now += act.ms
      return
    }
    // Section 3, `destroy`: terminal for the request.
    if (this.#phase === 'destroyed') {
      if (act.do === 'destroy' || act.do === 'inside' || act.do === 'push') return
      throw new Refusal('SES_DESTROYED')
    }
    switch (act.do) {
      case 'assign': this.#data[act.key] = structuredClone(act.value); break
      case 'update': Object.assign(this.#data, structuredClone(act.data)); break
      case 'setLifetime': this.#policy = policyOf(act.lifetime); break
      case 'clear': this.#clear(); break
      case 'touch': this.#isTouched = true; break
      case 'save': this.#save(); break
      case 'reload': this.#reload(); break
      case 'transaction': this.#transaction(data => { for (const change of act.edits) edit(data, change) }); break
      case 'login': this.#login(act.subject, act.data); break
      case 'regenerate': this.#regenerate(act.keep); break
      case 'regenerateId': this.#regenerateId(); break
      case 'destroy': this.#destroy(); break
      default: edit(this.#data, act)
    }
  }

  #look (error: string | null): void {
    const { world } = this
    const isLive = this.#phase === 'live'
    const more = isLive
      ? {
          id: this.#id,
          isNew: this.#base === null,
          isEmpty: isEmpty(this.#draft),
          isModified: this.#isChanged,
          createdAt: this.#base?.createdAt ?? this.#createdAt,
          lastAccessedAt: this.#base?.lastUse ?? this.#createdAt,
          expiresAt: deadlineOf(this.#shownTimes, world.settings)
        }
      : null
    this.views.push({ error, data: structuredClone(this.#data), subject: this.#subject, more })
  }

  /** Section 3: `touch` and `setLifetime` show at once what the commit stores. */
  get #shownTimes () {
    const base = this.#base
    if (base === null) return { createdAt: this.#createdAt, lastUse: this.#createdAt, policy: this.#policy }
    const isMoved = this.#isTouched || !isSame(this.#policy, base.policy)
    return { createdAt: base.createdAt, lastUse: isMoved ? this.#lastUse(base) : base.lastUse, policy: this.#policy }
  }

  get #draft (): Draft { return { data: this.#data, subject: this.#subject, policy: this.#policy } }

  /** Section 3, `isModified`: whether data, subject or lifetime differ from what is stored. */
  get #isChanged (): boolean {
    const base = this.#base
    if (base === null) return !isEmpty(this.#draft)
    return !isSameData(this.#data, base.data) || this.#subject !== base.subject || !isSame(this.#policy, base.policy)
  }

  /** Section 4: only requests that are not passive count as use, and `touch` does. */
  #lastUse (record: Rec): number {
    return this.isUse || this.#isTouched ? Math.max(record.lastUse, this.world.now) : record.lastUse
  }

  get #assignedKeys (): ReadonlySet<string> { return assignedKeys(this.#data, this.#handedOut) }

  // ------------------------------------------------------------------------------------------ operations in place

  #clear (): void {
    this.#data = {}
    this.#subject = null
    this.#isCleared = true
  }

  #save (): void {
    this.#assertNotGone()
    if (this.#isChanged) this.#write()
    else if (this.#isRenewal) this.#renew()
    this.#assertNotGone()
  }

  /** Drops local changes and reads again. */
  #reload (): void {
    this.#assertNotGone()
    this.#isCleared = this.#isTouched = false
    if (this.#base === null) {
      this.#data = {}
      this.#subject = this.#policy = null
      return
    }
    const record = this.#standing(true)
    this.#assertNotGone()
    this.#show(record!)
  }

  /** Section 5.1: on fresh data, with the pending changes; all of it is written. */
  #transaction (change: (data: Data) => void): void {
    if (!this.world.traits.atomic) throw new Refusal('SES_NOT_SUPPORTED')
    this.#assertNotGone()
    this.#write(change)
    this.#assertNotGone()
  }

  #assertNotGone (): void { if (this.#phase === 'gone') throw new Refusal('SES_DESTROYED') }

  // ------------------------------------------------------------------------------------------ the commit

  /** The answer: at most one commit, before its head. */
  finish (): Outcome {
    try {
      this.#commit()
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      // Section 4.6: a failed commit answers with the status of its error, and without our cookie.
      return { status: 409, views: this.views, cookie: 'none' }
    }
    this.world.receive(this.#cookie)
    return { status: 200, views: this.views, cookie: this.#wire }
  }

  get isSignedIn (): boolean { return this.#phase !== 'destroyed' && this.#subject !== null }

  #commit (): void {
    if (this.#phase !== 'live') return
    if (this.#isChanged) this.#write()
    else if (this.#isRenewal) this.#renew()
  }

  get #isRenewal (): boolean {
    const base = this.#base
    return base !== null && (this.#isTouched || (this.isUse && isRenewalDue(base, this.world.now, this.world.settings)))
  }

  /** Section 4.12: what is stored by now, or the session is gone. */
  #standing (readsAgain: boolean): Rec | null {
    const record = this.world.standing(this.#base!, readsAgain)
    if (record === null) this.#phase = 'gone'
    return record
  }

  #write (change?: (data: Data) => void): void {
    const base = this.#base
    if (base === null) return this.#create(change)
    const theirs = this.#standing(change !== undefined)
    if (theirs === null) return
    const merged = this.#mergedWith(theirs)
    const before = { ...merged.data }
    change?.(merged.data)
    if (isEmpty(merged)) return this.#remove(theirs)
    const record = this.#next(theirs, merged, new Set([...this.#assignedKeys, ...assignedKeys(merged.data, before)]))
    // Section 3, `setLifetime`: a session that is older than allowed ends. Section 5.4: else the deadline has just come.
    if (this.world.isOver(record)) {
      if (!isSame(this.#policy, base.policy)) return this.#remove(theirs)
      this.#phase = 'gone'
      return
    }
    this.world.put(record)
    this.#adopt(record, base)
  }

  /** Section 4.2: an empty session that was never stored stays nowhere. */
  #create (change?: (data: Data) => void): void {
    const { world } = this
    const data = structuredClone(this.#data)
    change?.(data)
    const draft = { ...this.#draft, data }
    if (isEmpty(draft)) return
    const times = { createdAt: this.#createdAt, lastUse: Math.max(this.#createdAt, world.now), policy: this.#policy }
    const record = { ...draft, ...times, id: this.#id, version: world.newVersion(), assigned: new Map() }
    // Section 5.4: never past the absolute timeout, which began with the request.
    if (world.isOver(record)) {
      this.#phase = 'gone'
      return
    }
    world.put(record)
    this.#adopt(record, null)
  }

  #next (theirs: Rec, draft: Draft, assigned: ReadonlySet<string>): Rec {
    const version = this.world.newVersion()
    const { data, subject, policy } = draft
    const times = { createdAt: theirs.createdAt, lastUse: this.#lastUse(theirs) }
    return { id: theirs.id, data, subject, policy, ...times, version, assigned: new Map([...theirs.assigned, [version, assigned]]) }
  }

  /** Section 5.1: the request's own changes, against what it read, on top of what is stored now. */
  #mergedWith (theirs: Rec): Draft {
    const base = this.#base!
    const mine = structuredClone(this.#draft)
    if (theirs.version === base.version) return mine
    if (this.world.settings.onConflict === 'error' && (this.#isCleared || this.#isChanged)) throw new Refusal('SES_CONFLICT')
    const policy = mergeOne(base.policy, mine.policy, theirs.policy)
    // `clear()` also drops what was added meanwhile.
    if (this.#isCleared) return { ...mine, policy }
    const isAssigned = (key: string): boolean => this.#assignedKeys.has(key) || wasAssigned(theirs, base.version, key)
    const data = mergeData(base.data, mine.data, structuredClone(theirs.data), isAssigned)
    return { data, subject: mergeOne(base.subject, mine.subject, theirs.subject), policy }
  }

  /** Moves the deadlines of an unchanged session. A renewal that fails fails nothing. */
  #renew (): void {
    const base = this.#base!
    const theirs = this.#standing(false)
    if (theirs === null) return
    const record = { ...theirs, lastUse: this.#lastUse(theirs) }
    if (this.world.isOver(record)) {
      this.#phase = 'gone'
      return
    }
    this.world.put(record)
    this.#adopt(record, base)
  }

  /** Section 4.4: a session that becomes empty is removed and its cookie cleared. */
  #remove (record: Rec): void {
    this.world.remove(record.id)
    this.#clearCookie()
    this.#startEmpty(this.world.now, null)
  }

  #startEmpty (createdAt: number, policy: Policy | null): void {
    this.#phase = 'live'
    this.#base = null
    this.#id = this.world.newId()
    this.#createdAt = createdAt
    this.#data = {}
    this.#handedOut = {}
    this.#subject = null
    this.#policy = policy
    this.#isCleared = this.#isTouched = false
  }

  #show (record: Rec): void {
    this.#base = record
    this.#id = record.id
    this.#data = structuredClone(record.data)
    this.#handedOut = { ...this.#data }
    this.#subject = record.subject
    this.#policy = record.policy
  }

  /** Section 4.5: when a cookie is sent. */
  #adopt (record: Rec, before: Rec | null): void {
    const { world } = this
    this.#phase = 'live'
    this.#show(record)
    this.#isCleared = this.#isTouched = false
    const [wasKept, isKept] = [before, record].map(each => each !== null && isPersistent(each.policy, world.settings))
    if (before !== null && before.id === record.id && !world.traits.inCookie) {
      if (!wasKept && !isKept) return
      const hasMoved = wasKept !== isKept || world.deadline(before) !== world.deadline(record)
      if (this.#wire !== 'set') this.#wire = hasMoved ? 'set' : 'may'
    } else this.#wire = 'set'
    this.#cookie = world.cookieOf(record)
  }

  #clearCookie (): void {
    if (!this.#carried && this.#cookie === undefined) return
    this.#cookie = null
    this.#wire = 'clear'
  }

  // ------------------------------------------------------------------------------------------ a new id, and the end

  /** Data and lifetime of a guest, or of the same subject, stay; over another subject it starts from nothing. */
  #login (subject: string, added: Data): void {
    const isOwn = (owner: string | null): boolean => owner === null || owner === subject
    this.#moveOn({
      dataOf: old => isOwn(old.subject) ? { ...old.data, ...structuredClone(added) } : structuredClone(added),
      dataIfGone: structuredClone(added),
      subjectOf: () => subject,
      keepsPolicy: isOwn(this.#base?.subject ?? null),
      keepsTimes: false
    })
  }

  /** A new life for a guest: only the listed keys are kept, and the lifetime of a guest. */
  #regenerate (keep: readonly string[]): void {
    this.#moveOn({
      dataOf: old => Object.fromEntries(Object.entries(old.data).filter(([key]) => keep.includes(key))),
      dataIfGone: {},
      subjectOf: () => null,
      keepsPolicy: (this.#base?.subject ?? null) === null,
      keepsTimes: false
    })
  }

  /** A new id, and nothing else. */
  #regenerateId (): void {
    this.#moveOn({ dataOf: old => old.data, dataIfGone: null, subjectOf: old => old.subject, keepsPolicy: true, keepsTimes: true })
  }

  #moveOn (life: NewLife): void {
    const { world } = this
    const base = this.#base
    // Section 4.12: `regenerateId` needs the session, `login` and `regenerate` start a new one.
    if (life.dataIfGone === null) this.#assertNotGone()
    const theirs = base === null || this.#phase === 'gone' ? null : this.#standing(false)
    if (life.dataIfGone === null) this.#assertNotGone()
    const isGone = this.#phase === 'gone'
    const old = theirs === null ? structuredClone(this.#draft) : this.#mergedWith(theirs)
    const policy = life.keepsPolicy ? old.policy : null
    const draft = { data: isGone ? life.dataIfGone! : life.dataOf(old), subject: life.subjectOf(old), policy }
    const createdAt = life.keepsTimes ? base?.createdAt ?? this.#createdAt : world.now
    // The contract does not say whether a new id on a passive route counts as use: it does, as `touch` does.
    const record = { ...draft, createdAt, lastUse: world.now, id: world.newId(), version: world.newVersion(), assigned: new Map() }
    if (!isEmpty(record) && world.isOver(record)) {
      if (isSame(this.#policy, base?.policy ?? null)) {
        this.#phase = 'gone'
        throw new Refusal('SES_DESTROYED')
      }
      return this.#endOfTime(theirs)
    }
    if (theirs !== null) world.moveOn(theirs.id, isEmpty(record) ? null : record.id)
    if (!isEmpty(record)) {
      world.put(record)
      return this.#adopt(record, null)
    }
    if (base !== null) this.#clearCookie()
    this.#startEmpty(createdAt, policy)
  }

  #endOfTime (theirs: Rec | null): void {
    if (theirs !== null) this.#remove(theirs)
    else this.#startEmpty(this.world.now, null)
  }

  /** Removes the record, also under a new id, and clears the cookie. */
  #destroy (): void {
    if (this.#base !== null) this.world.end(this.#base.id)
    this.#clearCookie()
    this.#phase = 'destroyed'
    this.#data = {}
    this.#subject = null
  }
}

/** What becomes of a session under a new id. */
interface NewLife {
  dataOf (old: Draft): Data
  /** `null`: an error. */
  readonly dataIfGone: Data | null
  subjectOf (old: Draft): string | null
  readonly keepsPolicy: boolean
  /** Whether the absolute deadline stays. */
  readonly keepsTimes: boolean
}

/** The keys of which the value is an object that was not handed out. */
function assignedKeys (data: Data, handedOut: Data): ReadonlySet<string> {
  return new Set(Object.keys(data).filter(key => typeof data[key] === 'object' && data[key] !== null && data[key] !== handedOut[key]))
}

function wasAssigned ({ assigned }: Rec, since: number, key: string): boolean {
  return [...assigned].some(([version, keys]) => version > since && keys.has(key))
}
