import type { Awaitable, SessionMeta, SessionRecord } from '../../types/index.d.ts'
import { SessionConflictError } from '../errors.ts'
import type { Path, Payload } from '../payload/changes.ts'
import type { PayloadCodec, Stored } from '../payload/codec.ts'
import { assertKeys } from '../payload/reserved.ts'
import { isSamePolicy } from '../record/lifetime.ts'
import type { Snapshot } from '../payload/serializer.ts'
import { type Flow, wait } from '../tools/flow.ts'
import { assignedObjects } from './live.ts'
import type { Begun } from './begun.ts'
import { clearedData, mergedData, type MergeOptions, type Mine } from './merged-data.ts'

/** What a session has beside its data: subject and policy count as a key each, `meta` changes with the id and with `clear()` only. */
export type Values = Pick<SessionRecord, 'subject' | 'policy' | 'meta'>

export const NO_VALUES: Values = Object.freeze({ subject: null, policy: null, meta: null })

/** What stays of a session's meta where nobody is signed in any more: what is known of the session itself. */
export function withoutSignIn (meta: SessionMeta | null): SessionMeta | null {
  const { about, arrived } = meta ?? {}
  if (about === undefined && arrived === undefined) return null
  return { ...(about !== undefined && { about }), ...(arrived !== undefined && { arrived }) }
}

/** What a request wants stored, not stored yet. */
export interface Draft extends Mine, Values {
  /** Where the changes of another request were lost to this draft in a merge. */
  readonly overwritten?: readonly Path[]
}

/** Changes a payload inside a transaction; may be called again after a conflict. */
export type Edit = (data: Payload) => Awaitable<unknown>

/** How a draft is stored. */
export interface CommitOptions {
  /** Whether the draft differs from the stored session; else only deadlines move. */
  readonly hasChanged: boolean
  /** Whether the application asked for the commit; else the request has ended. */
  readonly isExplicit: boolean
  /** A transaction's function, which is run on fresh data. */
  readonly edit?: Edit
  /** The first write, where it was made before the flow. */
  readonly begun?: Begun
}

/** Whether a draft differs from the stored session. */
export function isChanged (base: Stored | null, draft: Draft, live: object, codec: PayloadCodec): boolean {
  if (base === null) return !isEmpty(draft, codec)
  if (draft.subject !== base.record.subject || draft.policy !== base.record.policy) return true
  if (draft.text === base.text) return false
  // Texts of equal length may be the same payload with its keys in a different order; in the same order a value differs.
  if (draft.text.length !== base.text.length) return true
  if (base.tree !== null && hasSameOrder(Object.keys(base.tree), Object.keys(live))) return true
  return !hasSameKeys(codec.parsed(base), codec.parsed(draft), codec)
}

// The order of keys counts inside values only.
function hasSameKeys (base: Payload, mine: Payload, codec: PayloadCodec): boolean {
  const keys = Object.keys(mine)
  return keys.length === Object.keys(base).length &&
    keys.every(key => Object.hasOwn(base, key) && codec.isSame(mine[key], base[key], key))
}

function hasSameOrder (keys: readonly string[], liveKeys: readonly string[]): boolean {
  return keys.length === liveKeys.length && keys.every((key, index) => key === liveKeys[index])
}

/** No data and no subject: such a session is stored nowhere. */
export function isEmpty (draft: Snapshot & Pick<Draft, 'subject'>, codec: PayloadCodec): boolean {
  return draft.subject === null && codec.isEmpty(draft)
}

/** Refuses data which must not be stored. Throws `ReservedKeyError` or `SessionValidationError`. */
export function assertValid (data: object, codec: PayloadCodec): void {
  assertKeys(data)
  const problem = codec.problem(data)
  if (problem !== null) throw problem
}

/**
 * Three-way merge: `mine` is the request's draft, `base` the session it read, `theirs` the session stored by now. Changes from
 * `base` to `mine` are applied to `theirs`, by path (lib/payload/merge.ts). What both changed is as `mine` has it, or as the
 * function `onConflict` says.
 *
 * Throws `SessionConflictError` where both sides have changes and `onConflict` is `'error'`, or when only the merged data violate
 * the schema.
 */
export function merge (options: MergeOptions, base: Stored, theirs: Stored, mine: Draft): Draft {
  if (theirs.record.version === base.record.version) return mine
  const { codec, onConflict } = options
  if (onConflict === 'error' && hasChanges(base, mine) && isAnother(base, theirs)) throw new SessionConflictError('onConflict is \'error\'')
  const { snapshot, overwritten } = mine.isCleared ? clearedData(codec, base, theirs, mine) : mergedData(options, base, theirs, mine)
  const lost = [...overwritten, ...overwrittenValues(base, theirs, mine)]
  if (codec.problemOf(snapshot) !== null) throw new SessionConflictError('both changes together do not match the schema')
  return {
    get text () { return snapshot.text },
    tree: snapshot.tree,
    subject: keepsSubject(base, mine) ? theirs.record.subject : mine.subject,
    policy: mine.policy === base.record.policy ? theirs.record.policy : mine.policy,
    meta: keepsSubject(base, mine) ? theirs.record.meta : mine.meta,
    isCleared: mine.isCleared,
    assigned: mine.assigned,
    overwritten: lost
  }
}

/** Whether the request has changes of its own, which a transaction's function or a new id are not. */
function hasChanges ({ text, record: { subject, policy } }: Stored, mine: Draft): boolean {
  return mine.isCleared || mine.text !== text || mine.subject !== subject || mine.policy !== policy
}

/** Whether more than deadlines and the secret of the cookie was changed by others. */
function isAnother (base: Stored, theirs: Stored): boolean {
  const { subject, policy } = theirs.record
  if (theirs.text !== base.text || subject !== base.record.subject) return true
  return !isSamePolicy(policy, base.record.policy)
}

/** The lifetime policy counts as one key. The subject changes with the id only, and two sign-ins are no merge. */
function overwrittenValues (base: Stored, theirs: Stored, mine: Draft): Path[] {
  const [before, now] = [base.record, theirs.record]
  const [policyBefore, policyNow, policy] = [before.policy, now.policy, mine.policy].map(value => JSON.stringify(value))
  return policy !== policyBefore && policyNow !== policyBefore && policyNow !== policy ? [['policy']] : []
}

function keepsSubject (base: Stored, mine: Draft): boolean {
  return mine.subject === base.record.subject && !mine.isCleared
}

/** Runs a transaction's function on a copy of the draft's data. */
export function * withEdit (draft: Draft, edit: Edit, codec: PayloadCodec): Flow<Draft> {
  const data = codec.copyOf(draft)
  const before = { ...data }
  yield * wait(edit(data))
  assertValid(data, codec)
  return { ...draft, ...codec.write(data), assigned: new Map([...draft.assigned, ...assignedObjects(data, before)]) }
}
