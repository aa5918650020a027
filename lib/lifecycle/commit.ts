import type { SessionEventType } from '../../types/index.d.ts'
import { SessionConflictError } from '../errors.ts'
import { dataOf } from '../payload/bag.ts'
import type { Stored } from '../payload/codec.ts'
import { assertNoneHidden } from '../payload/reserved.ts'
import type { EventDetails } from '../store/events.ts'
import { type GroupAnswer, groupCommit, type Joining, type Turn } from '../store/queue.ts'
import { removeIfUnchanged, theirsOf } from '../store/server-side.ts'
import type { Store } from '../store/store.ts'
import type { Flow } from '../tools/flow.ts'
import { sendCookie, sendCookieIfPersistent } from './cookie.ts'
import { assertValid, type CommitOptions, type Draft, isEmpty, merge, withEdit } from './draft.ts'
import { beginning, hasEnded } from './copies.ts'
import { endSession } from './end.ts'
import { identified, withAbout } from './identity.ts'
import { reportOverwritten } from './overwritten.ts'
import { pause } from './pause.ts'
import { isOver, isRenewal, planned, sealed, toStore, writeContextOf } from './records.ts'
import { renew } from './renew.ts'
import { isSecretDue } from './secrets.ts'
import type { SessionState } from './state.ts'
import type { Begun } from './begun.ts'

const MAX_TRIES = 10
const MAX_COLLISIONS = 3

/** A try to replace the stored session: it is done, or a different write came first. `null`: nothing is stored now. */
type Attempt = { readonly isDone: true, readonly latest: Stored | null } | { readonly isDone: false, readonly theirs: Stored | null }

/** A commit of a session. When `run` throws, the session of the request is as before. */
export class Commit implements Joining<Stored> {
  readonly #state: SessionState
  readonly #store: Store
  /** What the request read: the base of its changes. */
  readonly #base: Stored | null
  readonly #draft: Draft
  readonly #options: CommitOptions
  /** Whether this library stores the session for the first time. */
  readonly #isFirst: boolean
  #merged: Draft | null = null

  constructor (state: SessionState, draft: Draft, options: CommitOptions) {
    this.#state = state
    this.#store = state.registration.store
    this.#base = state.base
    this.#isFirst = state.base === null || state.isArriving
    this.#draft = draft
    this.#options = options
  }

  /** Stores the draft. Where the stored session is gone, the state is `gone` afterwards. */
  * run (): Flow<void> {
    const base = this.#base
    const { live, registration } = this.#state
    const { hasChanged, edit } = this.#options
    // The result of a transaction is checked once its function has run.
    if (hasChanged && edit === undefined) {
      assertNoneHidden(live!)
      assertValid(dataOf(live!), this.#store.codec)
    }
    if (registration.keeping.isInCookie) return yield * this.#seal()
    if (base === null) return yield * this.#create()
    if (!hasChanged && !isSecretDue(this.#state, base.record)) return yield * this.#renew(base)
    const turn = this.#options.begun?.turn ?? (yield * registration.queue.enter(base.record.id, this.#mayJoin ? this : undefined))
    let latest: Stored | null | undefined
    try {
      latest = turn.joined === undefined ? yield * this.#replace(base, turn) : this.#finish(turn.joined)
    } finally {
      turn.leave(latest)
    }
  }

  // A transaction's function has to see the stored session as it is when the function runs.
  get #mayJoin (): boolean { return this.#store.isAtomic && this.#options.edit === undefined }

  /** The first write of a server-side session: insert if absent, so that no id is ever taken over. */
  * #create (): Flow<void> {
    const state = this.#state
    this.#assertCookieCanBeSet()
    const { edit } = this.#options
    const edited = edit === undefined ? this.#draft : yield * withEdit(this.#draft, edit, this.#store.codec)
    if (isEmpty(edited, this.#store.codec)) return
    const draft = { ...edited, meta: withAbout(state, edited.meta) }
    for (let collision = 0; collision < MAX_COLLISIONS; collision++) {
      const stored = toStore(state, null, draft)
      if (isOver(state, stored)) return state.markGone()
      const { written } = yield * this.#store.put(stored.record, 0, writeContextOf(state, draft.text))
      if (written) return this.#begin(stored, state.token)
      state.renewIdentity()
    }
    throw new SessionConflictError('no free id was found')
  }

  /** A session in its cookie: every write makes a new text, and the last response wins. */
  * #seal (): Flow<void> {
    const state = this.#state
    this.#assertCookieCanBeSet()
    const { keeping, revoked } = state.registration
    if (revoked !== null && (yield * hasEnded(state, revoked))) return state.markGone()
    if (isEmpty(this.#draft, this.#store.codec)) return yield * this.#endCopies('empty')
    const named = this.#named(this.#draft)
    const draft = this.#isFirst ? yield * beginning(state, named) : named
    const stored = toStore(state, this.#base, draft)
    if (isOver(state, stored)) return this.#setsLifetime ? yield * this.#endCopies('lifetime') : state.markGone()
    const text = yield * keeping.insert(stored, 0, null, writeContextOf(state, this.#draft.text))
    if (text === null) state.markGone()
    else this.#begin(stored, text)
  }

  * #endCopies (reason: 'empty' | 'lifetime'): Flow<void> {
    yield * endSession(this.#state.registration, this.#state.id, null)
    this.#becomeNothing(this.#state.id, reason)
  }

  // Said before anything is stored.
  #assertCookieCanBeSet (): void {
    if (this.#options.isExplicit) this.#state.cookies.assertOpen()
  }

  /** Moves the deadlines of an unchanged session. */
  * #renew (base: Stored): Flow<void> {
    const renewed = yield * renew(this.#state, base)
    if (renewed === null) return this.#state.markGone()
    this.#state.adopt(renewed, { ...this.#draft, text: base.text, tree: base.tree })
    this.#publish('renewed', base.record.id)
    sendCookieIfPersistent(this.#state, base, this.#options.isExplicit)
  }

  /**
   * Replaces a stored session by compare-and-set. When a different write came first, the request's own changes are merged
   * with the session which is stored now, and the next try begins: a bounded number of times, and never a blind write.
   *
   * @returns the session which is stored now
   */
  * #replace (base: Stored, turn: Turn<Stored>): Flow<Stored | null> {
    const { id } = base.record
    const { latest = base } = turn
    // A transaction needs fresh data, and without compare-and-set a read right before the write is all there is. A renewal keeps
    // the version, and a passive request must not undo the renewal with the deadlines that it has read.
    let theirs = this.#mayJoin && this.#state.isUse ? latest : yield * this.#store.fetch(id)
    for (let attempt = 1; theirs !== null; attempt++) {
      const outcome = yield * this.#attempt(theirs, turn, attempt === 1 ? this.#options.begun : undefined)
      if (outcome.isDone) return outcome.latest
      theirs = outcome.theirs
      // A record which is gone is an event of its own.
      if (theirs === null) break
      this.#publish('conflict', id, { reason: 'version' })
      if (attempt === MAX_TRIES) throw new SessionConflictError(`${MAX_TRIES} tries were not enough`)
      if (attempt > 1) yield pause(attempt)
    }
    this.#state.markGone()
    return null
  }

  * #attempt (theirs: Stored, turn: Turn<Stored>, begun?: Begun): Flow<Attempt> {
    const store = this.#store
    const { record: { id, version } } = theirs
    const { edit, hasChanged } = this.#options
    // Another request has renewed the secret of the cookie.
    if (!hasChanged && !isRenewal(this.#state, theirs)) return { isDone: true, latest: this.#finish(theirs, false) }
    const merged = this.#mergedWith(theirs)
    const edited = edit === undefined ? merged : yield * withEdit(merged, edit, store.codec)
    if (isEmpty(edited, store.codec)) return yield * this.#remove(theirs, 'empty')
    const draft = this.#named(edited)
    const own = planned(this.#state, theirs, draft)
    if (isOver(this.#state, own)) {
      return this.#setsLifetime ? yield * this.#remove(theirs, 'lifetime') : { isDone: false, theirs: null }
    }
    const { answer, stored } = begun === undefined
      ? yield * groupCommit(own, turn, theirs.record.data.length, plan => this.#put(plan, version))
      : yield * this.#put(own, version, begun)
    if (answer.written) return { isDone: true, latest: this.#finish(stored) }
    return { isDone: false, theirs: yield * theirsOf(store, answer, id) }
  }

  /** Whether the request gives the stored session a lifetime: where the session is older than that, the session ends. */
  get #setsLifetime (): boolean { return this.#base !== null && this.#draft.policy !== this.#base.record.policy }

  * #remove ({ record }: Stored, reason: 'empty' | 'lifetime'): Flow<Attempt> {
    const answer = yield * removeIfUnchanged(this.#state.registration, record, { request: this.#state.cookies.request })
    if (!answer.written) return { isDone: false, theirs: yield * theirsOf(this.#store, answer, record.id) }
    this.#becomeNothing(record.id, reason)
    reportOverwritten(this.#state, this.#merged, record.id)
    return { isDone: true, latest: null }
  }

  * #put (plan: Stored, version: number, begun?: Begun): Flow<GroupAnswer<Stored>> {
    const stored = begun?.stored ?? sealed(this.#state, plan)
    const [context, isRepeatable] = [writeContextOf(this.#state, stored.text), this.#options.edit === undefined]
    return { answer: yield * this.#store.put(stored.record, version, context, isRepeatable, begun?.given), stored }
  }

  /** Lets the commit in front store the changes of this commit along with its own (group commit). */
  onto (theirs: Stored): Stored | null {
    try {
      const merged = this.#mergedWith(theirs)
      if (isEmpty(merged, this.#store.codec)) return null
      const draft = this.#named(merged)
      const stored = planned(this.#state, theirs, draft)
      return isOver(this.#state, stored) ? null : stored
    } catch {
      // The waiting commit fails in its own turn, so that its own request gets the error.
      return null
    }
  }

  /** With the subject that the data of both requests name. */
  #named (draft: Draft): Draft {
    if (!this.#options.hasChanged) return draft
    const { subject, meta } = identified(this.#state.registration, draft)
    return subject === draft.subject ? draft : { ...draft, subject, meta }
  }

  #mergedWith (theirs: Stored): Draft {
    const { onConflict } = this.#state.registration.settings
    return (this.#merged = merge({ codec: this.#store.codec, onConflict }, this.#base!, theirs, this.#draft))
  }

  /** The session has its first record, or its first text. */
  #begin (stored: Stored, token: string | null): void {
    const details = this.#state.isArriving ? { reason: 'migrated' } : {}
    this.#state.adopt(stored, this.#draft, token)
    this.#publish(this.#isFirst ? 'created' : this.#options.hasChanged ? 'saved' : 'renewed', stored.record.id, details)
    sendCookie(this.#state, this.#options.isExplicit)
  }

  /** The changes are stored, alone or by a group commit. */
  #finish (stored: Stored, isWritten = true): Stored {
    this.#state.adopt(stored, this.#draft)
    if (isWritten) this.#publish(this.#options.hasChanged ? 'saved' : 'renewed', stored.record.id)
    reportOverwritten(this.#state, this.#merged, stored.record.id)
    sendCookieIfPersistent(this.#state, this.#base!, this.#options.isExplicit)
    return stored
  }

  /** The session has ended, whatever the request still shows of the session. */
  #becomeNothing (id: string, reason: 'empty' | 'lifetime'): void {
    this.#publish('destroyed', id, { reason, cause: reason === 'empty' ? 'logout' : 'expire' })
    this.#state.cookies.clear(this.#options.isExplicit)
    this.#state.startEmpty()
    this.#state.refreshLive({ text: this.#store.codec.emptyText, tree: {} }, this.#draft)
  }

  #publish (type: SessionEventType, id: string, details: EventDetails = {}): void {
    const { registration, cookies, base } = this.#state
    registration.publish(cookies, type, id, { subject: base?.record.subject, ...details })
  }
}
