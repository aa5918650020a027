import { remove } from './commit.ts'
import { isEmpty, isSame } from './rules.ts'
import { type Draft, type ModelSession, Refusal } from './session.ts'
import type { Data } from './steps.ts'

/** What becomes of a session under a new id. */
interface NewLife {
  dataOf (old: Draft): Data
  /** What to start from where the record is gone. `null`: an error. */
  readonly dataIfGone: Data | null
  subjectOf (old: Draft): string | null
  readonly keepsPolicy: boolean
  /** Whether the absolute deadline stays. */
  readonly keepsCreation: boolean
}

/** Section 3, `login`: data and lifetime of a guest, or of the same subject, stay; over another subject it starts from nothing. */
export function login (session: ModelSession, subject: string, added: Data): void {
  const isOwn = (owner: string | null): boolean => owner === null || owner === subject
  moveOn(session, {
    dataOf: old => isOwn(old.subject) ? { ...old.data, ...structuredClone(added) } : structuredClone(added),
    dataIfGone: structuredClone(added),
    subjectOf: () => subject,
    keepsPolicy: isOwn(session.base?.subject ?? null),
    keepsCreation: false
  })
}

/** Section 3, `regenerate`: only the listed keys are kept, and the lifetime of a guest. */
export function regenerate (session: ModelSession, keep: readonly string[]): void {
  moveOn(session, {
    dataOf: old => Object.fromEntries(Object.entries(old.data).filter(([key]) => keep.includes(key))),
    dataIfGone: {},
    subjectOf: () => null,
    keepsPolicy: (session.base?.subject ?? null) === null,
    keepsCreation: false
  })
}

/** Section 3, `regenerateId`: a new id, and nothing else. */
export function regenerateId (session: ModelSession): void {
  moveOn(session, {
    dataOf: old => old.data, dataIfGone: null, subjectOf: old => old.subject, keepsPolicy: true, keepsCreation: true
  })
}

function moveOn (session: ModelSession, life: NewLife): void {
  const { base, world } = session
  const theirs = base === null || session.phase === 'gone' ? null : session.standing(false)
  // Section 4.12: `regenerateId` needs the session, `login` and `regenerate` start a new one.
  if (life.dataIfGone === null) session.assertNotGone()
  const old = theirs === null ? structuredClone(session.draft) : session.mergedWith(theirs)
  const data = session.phase === 'gone' ? life.dataIfGone! : life.dataOf(old)
  const policy = life.keepsPolicy ? old.policy : null
  const createdAt = life.keepsCreation ? base?.createdAt ?? session.createdAt : world.now
  // The contract does not say whether a new id on a passive route counts as use: it does, as `touch` does.
  const times = { createdAt, lastUse: world.now, policy }
  const record = { id: world.newId(), data, subject: life.subjectOf(old), ...times, version: world.newVersion(), assigned: new Map() }
  if (isEmpty(record)) {
    if (theirs !== null) world.moveOn(theirs.id, null)
    if (base !== null) session.clearCookie()
    return session.startEmpty(createdAt, policy)
  }
  if (world.isOver(record)) {
    // Section 3, `setLifetime`: a session that is older than allowed ends. Section 5.4: else its deadline has just come.
    if (isSame(session.policy, base?.policy ?? null)) {
      session.phase = 'gone'
      throw new Refusal('SES_DESTROYED')
    }
    return theirs === null ? session.startEmpty(world.now, null) : remove(session, theirs)
  }
  if (theirs !== null) world.moveOn(theirs.id, record.id)
  world.put(record)
  session.adopt(record, null)
}
