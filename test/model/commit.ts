import { idleOf, isEmpty, isSame } from './rules.ts'
import { assignedKeys, type Draft, type ModelSession } from './session.ts'
import type { Data } from './steps.ts'
import type { Rec } from './world.ts'

/** Section 4.3: unchanged sessions are never written, apart from a due renewal. */
export function commit (session: ModelSession): void {
  if (session.isChanged) write(session)
  else if (session.isRenewal) renew(session)
}

/** @param change what a transaction does to fresh data */
export function write (session: ModelSession, change?: (data: Data) => void): void {
  const { base, world } = session
  if (base === null) return create(session, change)
  const standing = session.standing(change !== undefined)
  if (standing === null) return
  const theirs = session.isOverwriting(standing, change !== undefined) ? base : standing
  const merged = session.mergedWith(theirs)
  const before = { ...merged.data }
  change?.(merged.data)
  if (isEmpty(merged)) return remove(session, theirs)
  const record = next(session, theirs, merged, new Set([...session.assigned, ...assignedKeys(merged.data, before)]))
  // Section 3, `setLifetime`: a session that is older than allowed ends. Section 5.4: else the deadline has just come.
  if (world.isOver(record)) {
    if (!isSame(session.policy, base.policy)) return remove(session, theirs)
    session.phase = 'gone'
    return
  }
  world.put(record)
  session.adopt(record, base)
}

/** Section 4.2: an empty session that was never stored stays nowhere. */
function create (session: ModelSession, change?: (data: Data) => void): void {
  const { createdAt, id, policy, world } = session
  const data = structuredClone(session.data)
  change?.(data)
  const draft = { ...session.draft, data }
  if (isEmpty(draft)) return
  const times = { createdAt, lastUse: Math.max(createdAt, world.now), policy }
  const record = { ...draft, ...times, id, version: world.newVersion(), assigned: new Map() }
  // Section 5.4: never past the absolute timeout, which began with the request.
  if (world.isOver(record)) {
    session.phase = 'gone'
    return
  }
  world.put(record)
  session.adopt(record, null)
}

function next (session: ModelSession, theirs: Rec, { data, subject, policy }: Draft, assigned: ReadonlySet<string>): Rec {
  const version = session.world.newVersion()
  const lastUse = keepsTimes(session, theirs, policy) ? theirs.lastUse : session.lastUse(theirs)
  const times = { createdAt: theirs.createdAt, lastUse }
  return { id: theirs.id, data, subject, policy, ...times, version, assigned: new Map([...theirs.assigned, [version, assigned]]) }
}

/** Section 2, `renewAfter`: a write does not move the deadline sooner than a use does. A cookie is written anew each time. */
function keepsTimes ({ isTouched, world: { now, settings, traits } }: ModelSession, theirs: Rec, policy: Draft['policy']): boolean {
  if (traits.inCookie || isTouched || !isSame(policy, theirs.policy)) return false
  return now - theirs.lastUse < settings.renewAfter * idleOf(theirs.policy, settings)
}

/** Moves the deadlines of whatever is stored. `touch()` is a write where writes compare versions, and a renewal keeps the version. */
function renew (session: ModelSession): void {
  const { world } = session
  const theirs = session.standing(false)
  if (theirs === null) return
  const version = session.isTouched && world.traits.atomic ? world.newVersion() : theirs.version
  const record = { ...theirs, version, lastUse: session.lastUse(theirs) }
  if (world.isOver(record)) {
    session.phase = 'gone'
    return
  }
  const before = session.base
  world.put(record)
  session.adopt(record, before)
}

/** Section 4.4: a session that becomes empty is removed and its cookie cleared. */
export function remove (session: ModelSession, { id }: Rec): void {
  session.world.remove(id)
  session.clearCookie()
  session.startEmpty(session.world.now, null)
}
