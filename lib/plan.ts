import type { Awaitable, SessionPolicy, SessionRecord } from '../types/index.d.ts'
import { apply, diff, isUnchanged, type Payload } from './changes.ts'
import type { SessionContext } from './context.ts'
import type { Base } from './core.ts'
import { randomVersion } from './crypto/random.ts'
import { SessionConflictError, SessionDestroyedError } from './errors.ts'
import { type Flow, wait } from './flow.ts'
import { deadlineOf, isRenewalDue, usedAt } from './lifetime.ts'
import { freezeRecord } from './record.ts'

/** What is to be stored: data as text, and the two values that count as one key each. */
export interface Wanted {
  readonly text: string
  /** The same, parsed: shared, never changed; `null` where only the text is known. */
  readonly tree: Payload | null
  readonly subject: string | null
  readonly policy: SessionPolicy | null
  /** Whether `clear()` was called before. */
  readonly isCleared: boolean
}

/** Changes a payload inside a transaction; may be asked again. */
export type Edit = (data: Payload) => Awaitable<unknown>

/** What the request wants stored at this moment. */
export function wantedOf (context: SessionContext, text: string): Wanted {
  const { subject, policy, isCleared } = context
  return { text, tree: context.treeOf(text), subject, policy, isCleared }
}

/** Whether the live session differs from what is stored. */
export function isChanged (context: SessionContext, text: string): boolean {
  const { base, core: { codec } } = context
  if (base === null) return !isEmpty(context, { text, subject: context.subject })
  if (context.subject !== base.record.subject || context.policy !== base.record.policy) return true
  if (text === base.text) return false
  // Texts of one length may be one payload whose keys come in another order; in the same order they differ in a value.
  if (text.length !== base.text.length || (base.tree && hasSameOrder(Object.keys(base.tree), Object.keys(context.session!)))) return true
  return !isUnchanged(diff(codec.parsed(base), codec.parsed({ text, tree: context.treeOf(text) }), codec.isSame))
}

function hasSameOrder (keys: readonly string[], others: readonly string[]): boolean {
  return keys.length === others.length && keys.every((key, index) => key === others[index])
}

/** Whether an unchanged session is to be written all the same: its deadline, or the secret that sealed it, is old. */
export function isRenewal ({ base, core, route, token, isTouchForced }: SessionContext): boolean {
  if (base === null) return false
  if (isTouchForced || (core.isSelfContained && core.backend.isStale?.(token!) === true)) return true
  return !route.passive && isRenewalDue(base.record, core.settings.lifetime, core.now())
}

/** No data and no subject: such a session is stored nowhere. */
export function isEmpty ({ core }: SessionContext, { text, subject }: Pick<Wanted, 'text' | 'subject'>): boolean {
  return subject === null && text === core.codec.emptyText
}

/** Refuses what must not be stored. Throws `ReservedKeyError` or `SessionValidationError`. */
export function assertValid ({ core: { codec } }: SessionContext, data: object): void {
  codec.assertKeys(data)
  const problem = codec.problem(data)
  if (problem !== null) throw problem
}

/** Refuses an operation on a session that is gone, or while the backend is away. */
export function assertUsable (context: SessionContext): void {
  context.assertAvailable()
  // It may have waited for an operation that ended the session.
  if (context.phase === 'ended') throw new SessionDestroyedError('this request destroyed it')
  if (context.phase === 'gone') throw new SessionDestroyedError('another request ended it')
}

/**
 * What to store when `stands` is in the store, and not what this request read: its own changes, applied to that.
 * Throws `SessionConflictError` where conflicts are errors, or when only the joined data violate the schema.
 */
export function joinChanges (context: SessionContext, read: Base, stands: Base, wanted: Wanted): Wanted {
  if (stands.record.version === read.record.version) return wanted
  const { codec, settings } = context.core
  if (settings.onConflict === 'error') throw new SessionConflictError('onConflict is \'error\'')
  const changes = diff(codec.parsed(read), codec.parsed(wanted), codec.isSame, wanted.isCleared)
  const data = apply(changes, codec.parsed(stands))
  const problem = codec.problem(data)
  if (problem !== null) throw new SessionConflictError(`both changes together do not match the schema (${problem.path})`)
  const keepsSubject = wanted.subject === read.record.subject && !wanted.isCleared
  return {
    ...wanted,
    ...codec.write(data),
    subject: keepsSubject ? stands.record.subject : wanted.subject,
    policy: wanted.policy === read.record.policy ? stands.record.policy : wanted.policy
  }
}

/** Runs a transaction's function on a copy of what would be stored. */
export function * edited (context: SessionContext, wanted: Wanted, edit: Edit): Flow<Wanted> {
  const { codec } = context.core
  const data = codec.deserialize(wanted.text)
  yield * wait(edit(data))
  assertValid(context, data)
  return { ...wanted, ...codec.write(data) }
}

/**
 * The record to write: a new version, deadlines from this moment (unless the request does not count as use).
 *
 * @param writtenAs the `schemaVersion` that the data came with
 */
export function recordOf (
  context: SessionContext, base: Base | null, { text, subject, policy }: Pick<Wanted, 'text' | 'subject' | 'policy'>, writtenAs: number = base?.record.schemaVersion ?? 1
): SessionRecord {
  const { core, route } = context
  const now = core.now()
  const isUse = context.isTouchForced || !route.passive
  const id = base?.record.id ?? context.id
  const times = {
    createdAt: base?.record.createdAt ?? context.createdAt,
    lastAccessedAt: base === null ? Math.max(context.createdAt, now) : isUse ? usedAt(base.record, now) : base.record.lastAccessedAt,
    policy
  }
  return freezeRecord({
    id,
    version: randomVersion(),
    data: core.codec.seal(text, id),
    // Data of a newer deployment keep its version.
    schemaVersion: Math.max(core.codec.schemaVersion, writtenAs),
    ...times,
    expiresAt: deadlineOf(times, core.settings.lifetime),
    subject
  })
}
