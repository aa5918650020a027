import type { Awaitable } from '../../types/index.d.ts'
import type { Payload } from '../payload/changes.ts'
import type { SessionContext } from './state.ts'
import type { Base, Joining } from '../store/registration.ts'
import { NotSupportedError, SessionConflictError, SessionDestroyedError } from '../errors.ts'
import { type Flow } from '../tools/flow.ts'
import { putTogether } from '../store/group-commit.ts'
import { assertValid, type Edit, edited, isEmpty, joinChanges, type Wanted } from './draft.ts'
import type { Turn } from '../store/queue.ts'
import { create, finish, remove, renew, sealAnew, sendCookieIfPersistent } from './write.ts'

const MAX_TRIES = 10
const FIRST_PAUSE_MS = 2
const MAX_PAUSE_MS = 100

/**
 * The end of a request. Nothing to do is answered at once; a record that is gone is quiet: the changes are dropped, the
 * handler's answer stands.
 */
export function commit (context: SessionContext): Awaitable<void> {
  const wanted = context.wanted()
  const hasChanged = context.differs(wanted)
  if (!hasChanged && !context.isRenewal) return
  return context.core.run(commitOrDrop(context, wanted, hasChanged))
}

function * commitOrDrop (context: SessionContext, wanted: Wanted, hasChanged: boolean): Flow<void> {
  const isStored = yield * store(context, wanted, hasChanged, false)
  if (isStored || !hasChanged) return
  context.carrier.log.warn(`changes of the session are dropped: it ended while the request ran (${context.carrier.place})`)
}

/** `session.save()`: a record that is gone is an error. */
export function * save (context: SessionContext): Flow<void> {
  context.assertUsable()
  const wanted = context.wanted()
  const hasChanged = context.differs(wanted)
  if (!hasChanged && !context.isRenewal) return
  if (!(yield * store(context, wanted, hasChanged, true))) throw new SessionDestroyedError('another request ended it')
}

/** `session.transaction(fn)`: pending changes are part of it, so that they cannot overwrite its result afterwards. */
export function * transaction<T> (context: SessionContext, fn: (data: Payload) => Awaitable<T>): Flow<T> {
  const { core } = context
  if (!core.isAtomic) throw new NotSupportedError(core.backendName, 'transaction()', 'it needs an atomic backend')
  context.assertUsable()
  let result: T
  const isStored = yield * store(context, context.wanted(), true, true, async data => { result = await fn(data) })
  if (!isStored) throw new SessionDestroyedError('another request ended it')
  return result!
}

/** Stores what the request wants; false when the session is gone. When it throws, nothing was changed here. */
function * store (context: SessionContext, wanted: Wanted, hasChanged: boolean, isExplicit: boolean, edit?: Edit): Flow<boolean> {
  const { core, base } = context
  // The result of a transaction is checked once its function has run.
  if (hasChanged && edit === undefined) assertValid(context.live!, core.codec)
  if (core.isSelfContained || base === null) {
    // Only here is a new cookie needed: say so before anything is stored.
    if (isExplicit) context.carrier.assertOpen()
    if (core.isSelfContained) return yield * sealAnew(context, wanted, hasChanged, isExplicit)
    const next = edit === undefined ? wanted : yield * edited(wanted, edit, core.codec)
    if (!isEmpty(next, core.codec)) yield * create(context, next, wanted, isExplicit)
    return true
  }
  if (!hasChanged) return yield * renew(context, base, isExplicit)
  // A transaction has to see what stands when it runs.
  const turn = yield * core.queue.enter(base.record.id, core.isAtomic && edit === undefined ? joining(context, base, wanted) : undefined)
  let outcome: Outcome | undefined
  try {
    outcome = turn.carried ? stored(context, turn.carried, wanted, isExplicit) : yield * replace(context, base, turn, wanted, isExplicit, edit)
    return outcome.isStored
  } finally {
    turn.leave(outcome?.latest)
  }
}

interface Outcome {
  readonly isStored: boolean
  /** What is in the store now. */
  readonly latest: Base | null
}

/**
 * Replaces a stored session by compare-and-set. When another write came first, this request's own changes, against what
 * it read, are applied to what stands now, and it tries again: a bounded number of times, and never a blind write.
 * The commits that wait behind this one are stored along with it.
 */
function * replace (context: SessionContext, read: Base, turn: Turn<Base | null, Joining>, wanted: Wanted, isExplicit: boolean, edit: Edit | undefined): Flow<Outcome> {
  const { core, carrier } = context
  const { id } = read.record
  const { latest } = turn
  // A transaction works on fresh data; a backend without compare-and-set is asked right before it writes.
  let stands = edit !== undefined || !core.isAtomic ? yield * core.fetch(id) : latest === undefined ? read : latest
  for (let attempt = 1; stands !== null; attempt++) {
    const joined = joinChanges(core, read, stands, wanted)
    const next = edit === undefined ? joined : yield * edited(joined, edit, core.codec)
    if (isEmpty(next, core.codec)) {
      if (yield * remove(context, stands, wanted, isExplicit)) return { isStored: true, latest: null }
      stands = yield * core.fetch(id)
    } else {
      const record = context.recordOf(stands, next)
      if (record.expiresAt <= core.now()) break
      const own = { record, text: next.text, tree: next.tree }
      const { version } = stands.record
      const put = ({ record, text }: Base) => core.put(record, version, context.writeContext(text), edit === undefined)
      const { answer, base } = yield * putTogether(own, turn, put)
      if (answer === true) return stored(context, base, wanted, isExplicit)
      stands = answer === null ? yield * core.fetch(id) : core.standing(answer, id)
    }
    // Gone is an event of its own.
    if (stands === null) break
    core.publish(carrier.log, 'conflict', id, 'version')
    if (attempt === MAX_TRIES) throw new SessionConflictError(`${MAX_TRIES} tries were not enough`)
    if (attempt > 1) yield pause(attempt)
  }
  context.markGone()
  return { isStored: false, latest: null }
}

function joining (context: SessionContext, read: Base, wanted: Wanted): Joining {
  const { core } = context
  return {
    onto (stands) {
      try {
        const next = joinChanges(core, read, stands, wanted)
        if (isEmpty(next, core.codec)) return null
        const record = context.recordOf(stands, next)
        return record.expiresAt > core.now() ? { record, text: next.text, tree: next.tree } : null
      } catch {
        // It meets the same error in its own turn, and answers with it.
        return null
      }
    }
  }
}

/** What follows a write that has these changes, alone or along with others. */
function stored (context: SessionContext, base: Base, wanted: Wanted, isExplicit: boolean): Outcome {
  finish(context, base, wanted)
  context.core.publish(context.carrier.log, 'saved', base.record.id)
  sendCookieIfPersistent(context, isExplicit)
  return { isStored: true, latest: base }
}

/** Waits a random time, longer with each attempt, so that those who collide come apart. */
function pause (attempt: number): Promise<void> {
  const most = Math.min(FIRST_PAUSE_MS * 2 ** attempt, MAX_PAUSE_MS)
  return new Promise(resolve => { setTimeout(resolve, Math.random() * most) })
}
