import type { Awaitable, SessionPolicy } from '../../types/index.d.ts'
import { apply, diff, isUnchanged, type Payload } from '../payload/changes.ts'
import type { PayloadCodec } from '../payload/codec.ts'
import type { Base, Core } from '../store/registration.ts'
import { SessionConflictError } from '../errors.ts'
import { type Flow, wait } from '../tools/flow.ts'

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

/** Whether a session differs from what is stored. */
export function isChanged (base: Base | null, wanted: Wanted, live: object, codec: PayloadCodec): boolean {
  if (base === null) return !isEmpty(wanted, codec)
  if (wanted.subject !== base.record.subject || wanted.policy !== base.record.policy) return true
  if (wanted.text === base.text) return false
  // Texts of one length may be one payload whose keys come in another order; in the same order they differ in a value.
  if (wanted.text.length !== base.text.length || (base.tree && hasSameOrder(Object.keys(base.tree), Object.keys(live)))) return true
  return !isUnchanged(diff(codec.parsed(base), codec.parsed(wanted), codec.isSame))
}

function hasSameOrder (keys: readonly string[], others: readonly string[]): boolean {
  return keys.length === others.length && keys.every((key, index) => key === others[index])
}

/** No data and no subject: such a session is stored nowhere. */
export function isEmpty ({ text, subject }: Pick<Wanted, 'text' | 'subject'>, codec: PayloadCodec): boolean {
  return subject === null && text === codec.emptyText
}

/** Refuses what must not be stored. Throws `ReservedKeyError` or `SessionValidationError`. */
export function assertValid (data: object, codec: PayloadCodec): void {
  codec.assertKeys(data)
  const problem = codec.problem(data)
  if (problem !== null) throw problem
}

/**
 * What to store when `stands` is in the store, and not what this request read: its own changes, applied to that.
 * Throws `SessionConflictError` where conflicts are errors, or when only the joined data violate the schema.
 */
export function joinChanges ({ codec, settings }: Core, read: Base, stands: Base, wanted: Wanted): Wanted {
  if (stands.record.version === read.record.version) return wanted
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
export function * edited (wanted: Wanted, edit: Edit, codec: PayloadCodec): Flow<Wanted> {
  const data = codec.deserialize(wanted.text)
  yield * wait(edit(data))
  assertValid(data, codec)
  return { ...wanted, ...codec.write(data) }
}
