import type { Instant, SessionBackend, SessionRecord } from '../../../types/index.d.ts'
import { isCopy, isEnding, isSeal, isSealOf, recordIn, restored } from './markers.ts'

/** The two stores of a migration, and how far it has come on this node. */
export interface Migration {
  readonly old: SessionBackend
  readonly next: SessionBackend
  /** Whether writes move sessions: step two. */
  readonly moves: boolean
  readonly now: () => Instant
}

/** Where a session is. */
export interface Whereabouts {
  /** The store that decides about the session; `null` where neither store has anything under the id. */
  readonly store: 'old' | 'next' | null
  /** The session as the core sees it, or a tombstone of the core. */
  readonly record: SessionRecord | null
  /** What the old store has under the id. */
  readonly old: SessionRecord | null
  /** What the new store has under the id; `null` too where nobody had to look. */
  readonly next: SessionRecord | null
}

/** Looks where the session of an id is: one read where the session is in the store that comes first in this step. */
export async function locate (migration: Migration, id: string): Promise<Whereabouts> {
  return migration.moves ? await nextFirst(migration, id) : await oldFirst(migration, id)
}

async function oldFirst ({ old, next }: Migration, id: string): Promise<Whereabouts> {
  const before = recordIn(await old.read(id))
  if (before !== null && !isSeal(before)) return judge(before, null)
  return judge(before, recordIn(await next.read(id)))
}

async function nextFirst ({ old, next }: Migration, id: string): Promise<Whereabouts> {
  const after = recordIn(await next.read(id))
  if (isSettled(after)) return judge(null, after)
  const before = recordIn(await old.read(id))
  // The session may have moved between the two reads: a seal stays for long enough to say so.
  if (!isSeal(before) || isSealOf(before, after)) return judge(before, after)
  return judge(before, recordIn(await next.read(id)))
}

/**
 * Whether the new store alone can tell: a session that was written there, or an ending. A tombstone alone does not tell: the end of many
 * sessions at once may put a tombstone in the place of a copy which does not count.
 */
function isSettled (next: SessionRecord | null): boolean {
  return isEnding(next) || (next !== null && next.data !== '' && !isCopy(next))
}

function judge (old: SessionRecord | null, next: SessionRecord | null): Whereabouts {
  if (old !== null && !isSeal(old)) return { store: 'old', record: old, old, next }
  if (next === null || (isCopy(next) && !isSealOf(old, next))) return { store: old === null ? null : 'next', record: null, old, next }
  if (isEnding(next)) return { store: 'next', record: null, old, next }
  return { store: 'next', record: isCopy(next) ? restored(next) : next, old, next }
}
