import type { Awaitable, SessionRecord } from '../../types/index.d.ts'
import { dataOf } from '../payload/bag.ts'
import type { Stored } from '../payload/codec.ts'
import { assertNoneHidden } from '../payload/reserved.ts'
import type { Turn } from '../store/queue.ts'
import type { Flow, Usual } from '../tools/flow.ts'
import type { Begun, Given } from './begun.ts'
import { sendCookie, sendCookieIfPersistent } from './cookie.ts'
import { assertValid, type Draft, isEmpty } from './draft.ts'
import { isOver, toStore, writeContextOf } from './records.ts'
import type { SessionState } from './state.ts'

/*
 * The usual load and the usual commit are a single call of the backend, and most of their cost would be the flow around the call. So the
 * call is made before there is a flow. Where its answer is the usual one, that is all. Whatever else it comes to, the flow begins, and is
 * given what the call has come to in place of its own first call: each rule stands in the flow, and nothing is asked twice.
 */

/** The load of the only cookie of a request. */
class UsualLoad implements Usual<void> {
  readonly #state: SessionState
  readonly #key: string
  readonly #flow: (given: Given) => Flow<void>

  constructor (state: SessionState, key: string, flow: (given: Given) => Flow<void>) {
    this.#state = state
    this.#key = key
    this.#flow = flow
  }

  call (): Awaitable<unknown> { return this.#state.registration.store.ask(this.#key, this.#state.route.fresh) }

  accept (answer: unknown): Flow<void> | null {
    const state = this.#state
    const { registration: { keeping, store }, cookies } = state
    const found = store.examine(answer, keeping.idOf(this.#key))
    if (found.rejected !== undefined) return this.#flow(() => answer)
    const { id, subject } = found.stored.record
    store.noteCall(this.#key, true)
    state.registration.publish(cookies, 'loaded', id, { subject })
    state.begin(found.data, found.stored, keeping.tokenOf(cookies.carried.texts[0]!))
    return null
  }

  refuse (error: unknown): Flow<void> { return this.#flow(() => { throw error }) }
  expire (): void { this.#state.registration.store.noteCall(this.#key, false) }
}

/** `null` where a request has more than one cookie, or more to ask than its session. */
export function usualLoad (state: SessionState, flow: (given: Given) => Flow<void>): Usual<void> | null {
  const { registration: { keeping, revoked, secrets, store }, cookies } = state
  if (revoked !== null || secrets !== null || store.backend.shared === true || cookies.isOutside) return null
  const { texts } = cookies.carried
  const key = texts.length === 1 ? keeping.keyOf(texts[0]!) : null
  return key === null || !store.mayCall(key) ? null : new UsualLoad(state, key, flow)
}

/** The commit of a session that nobody else changes now. */
class UsualCommit implements Usual<void> {
  readonly #state: SessionState
  readonly #draft: Draft
  readonly #base: Stored
  readonly #stored: Stored
  readonly #turn: Turn<Stored> | null
  readonly #flow: (begun: Begun) => Flow<void>

  constructor (state: SessionState, draft: Draft, stored: Stored, turn: Turn<Stored> | null, flow: (begun: Begun) => Flow<void>) {
    this.#state = state
    this.#draft = draft
    this.#base = state.base!
    this.#stored = stored
    this.#turn = turn
    this.#flow = flow
  }

  call (): Awaitable<unknown> {
    const { record } = this.#stored
    const { store: { backend }, keeping: { isInCookie } } = this.#state.registration
    const context = writeContextOf(this.#state, this.#stored.text)
    return isInCookie
      ? backend.write(null, record, undefined, context)
      : backend.write(record.id, record, this.#base.record.version, context)
  }

  accept (answer: unknown): Flow<void> | null {
    const state = this.#state
    const { registration } = state
    const { keeping, store } = registration
    const stored = this.#stored
    const token = keeping.tokenFor(stored, answer, state.token!)
    if (token === null) return this.#goOn(() => answer)
    try {
      store.noteCall(stored.record.id, true)
      store.noteWritten(stored.record)
      state.adopt(stored, this.#draft, token)
      registration.publish(state.cookies, 'saved', stored.record.id, { subject: stored.record.subject })
      if (keeping.isInCookie) sendCookie(state, false)
      else sendCookieIfPersistent(state, this.#base, false)
    } finally {
      this.#turn?.leave(stored)
    }
    return null
  }

  refuse (error: unknown): Flow<void> { return this.#goOn(() => { throw error }) }

  expire (): void {
    this.#state.registration.store.noteCall(this.#stored.record.id, false)
    this.#turn?.leave(undefined)
  }

  #goOn (given: Given): Flow<void> { return this.#flow({ stored: this.#stored, turn: this.#turn, given }) }
}

/**
 * `null` where a commit has more to do than a compare-and-set.
 *
 * @throws ReservedKeyError or SessionValidationError for data that must not be stored
 */
export function usualCommit (state: SessionState, draft: Draft, flow: (begun: Begun) => Flow<void>): Usual<void> | null {
  const { base, live, registration: { keeping, queue, store: { codec } } } = state
  if (base === null || !isUsual(state, base.record, draft)) return null
  assertNoneHidden(live!)
  assertValid(dataOf(live!), codec)
  const stored = toStore(state, base, draft)
  if (isOver(state, stored)) return null
  const turn = keeping.isInCookie ? null : queue.enterAtOnce(base.record.id)
  return new UsualCommit(state, draft, stored, turn, flow)
}

/** Whether no rule of a commit asks for more. */
function isUsual ({ registration, isUse }: SessionState, { id, policy }: SessionRecord, draft: Draft): boolean {
  const { keeping, queue, revoked, secrets, settings, store } = registration
  if (revoked !== null || secrets !== null || settings.subject !== null) return false
  const isKnown = keeping.isInCookie || (store.isAtomic && isUse && !queue.isBusy(id))
  return isKnown && draft.policy === policy && !isEmpty(draft, store.codec) && store.mayCall(id)
}
