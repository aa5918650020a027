import type { Awaitable, SessionPolicy } from '../../types/index.d.ts'
import { SessionConflictError } from '../errors.ts'
import { apply, diff, isUnchanged, type Payload } from '../payload/changes.ts'
import type { PayloadCodec, Stored } from '../payload/codec.ts'
import type { Snapshot } from '../payload/serializer.ts'
import { type Flow, wait } from '../tools/flow.ts'

/** What a request wants stored, not stored yet: the data, and the two values which count as a key each. */
export interface Draft extends Snapshot {
  readonly subject: string | null
  readonly policy: SessionPolicy | null
  /** Whether `clear()` was called before. */
  readonly isCleared: boolean
}

/** Changes a payload inside a transaction; may be called again after a conflict. */
export type Edit = (data: Payload) => Awaitable<unknown>

/** Whether a draft differs from the stored session. */
export function isChanged (base: Stored | null, draft: Draft, live: object, codec: PayloadCodec): boolean {
  if (base === null) return !isEmpty(draft, codec)
  if (draft.subject !== base.record.subject || draft.policy !== base.record.policy) return true
  if (draft.text === base.text) return false
  // Texts of equal length may be the same payload with its keys in a different order; in the same order a value differs.
  if (draft.text.length !== base.text.length) return true
  if (base.tree !== null && hasSameOrder(Object.keys(base.tree), Object.keys(live))) return true
  return !isUnchanged(diff(codec.parsed(base), codec.parsed(draft), codec.isSame))
}

function hasSameOrder (keys: readonly string[], liveKeys: readonly string[]): boolean {
  return keys.length === liveKeys.length && keys.every((key, index) => key === liveKeys[index])
}

/** No data and no subject: such a session is stored nowhere. */
export function isEmpty ({ text, subject }: Pick<Draft, 'text' | 'subject'>, codec: PayloadCodec): boolean {
  return subject === null && text === codec.emptyText
}

/** Refuses data which must not be stored. Throws `ReservedKeyError` or `SessionValidationError`. */
export function assertValid (data: object, codec: PayloadCodec): void {
  codec.assertKeys(data)
  const problem = codec.problem(data)
  if (problem !== null) throw problem
}

interface MergeOptions {
  readonly codec: PayloadCodec
  readonly onConflict: 'merge' | 'error'
}

/**
 * Three-way merge: `mine` is the request's draft, `base` the session it read, `theirs` the session stored by now. Changes from
 * `base` to `mine` are applied to `theirs`, by top-level key; where both sides changed a key, `mine` wins.
 *
 * Throws `SessionConflictError` where conflicts are errors, or when only the merged data violate the schema.
 */
export function merge ({ codec, onConflict }: MergeOptions, base: Stored, theirs: Stored, mine: Draft): Draft {
  if (theirs.record.version === base.record.version) return mine
  if (onConflict === 'error') throw new SessionConflictError('onConflict is \'error\'')
  const changes = diff(codec.parsed(base), codec.parsed(mine), codec.isSame, mine.isCleared)
  const data = apply(changes, codec.parsed(theirs))
  const problem = codec.problem(data)
  if (problem !== null) throw new SessionConflictError(`both changes together do not match the schema (${problem.path})`)
  const keepsSubject = mine.subject === base.record.subject && !mine.isCleared
  return {
    ...mine,
    ...codec.write(data),
    subject: keepsSubject ? theirs.record.subject : mine.subject,
    policy: mine.policy === base.record.policy ? theirs.record.policy : mine.policy
  }
}

/** Runs a transaction's function on a copy of the draft's data. */
export function * withEdit (draft: Draft, edit: Edit, codec: PayloadCodec): Flow<Draft> {
  const data = codec.deserialize(draft.text)
  yield * wait(edit(data))
  assertValid(data, codec)
  return { ...draft, ...codec.write(data) }
}

/** Shows the stored payload in live data, but not in keys which the handler changed since the draft (`sent`) was taken. */
export function refresh (live: Payload, sent: Draft, stored: Snapshot, codec: PayloadCodec): void {
  if (stored.text === sent.text) return
  const before = codec.parsed(sent)
  const { set, removed } = diff(before, codec.copyOf(stored), codec.isSame)
  const isUntouched = (key: string) => codec.isSame(live[key], before[key])
  for (const key of Object.keys(set)) if (isUntouched(key)) live[key] = set[key]
  for (const key of removed) if (isUntouched(key)) delete live[key]
}
