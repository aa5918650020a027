import type { Instant, SessionRecord } from '../../../types/index.d.ts'
import { randomVersion } from '../../crypto/random.ts'
import { freezeRecord, isRecord, tombstone } from '../../record/record.ts'

/*
 * What a move leaves in the stores, told by `meta.moved`, which the core never sees:
 *
 * - a copy, in the new store: the record of the old store under a version of its own. `moved` is the record's version
 * - a seal, in the old store, in the record's place: from now on the session is in the new store. `moved` is the version of the copy which
 *   counts, or 0 where there was nothing to copy
 * - an ending, in the new store: the session has ended. `moved` is 0
 *
 * A copy counts for nothing until the old store has a seal which names the copy. So one compare-and-set in one store decides when a session
 * moves, and a copy that came too late is none.
 */

const NOTHING = 0

/** A backend's answer as a record. Anything else counts as no session. */
export function recordIn (answer: unknown): SessionRecord | null { return isRecord(answer) ? answer : null }

/** The copy of a record of the old store, for the new store. */
export function copyOf (record: SessionRecord): SessionRecord {
  return freezeRecord({ ...record, version: randomVersion(), meta: { ...record.meta, moved: record.version } })
}

/** Whether a record of the new store is a copy, of this record's version where a record is given. */
export function isCopy (next: SessionRecord | null, of?: SessionRecord): boolean {
  const moved = next?.meta?.moved ?? NOTHING
  return moved !== NOTHING && (of === undefined || moved === of.version)
}

/** The record that a copy was made of, with the deadlines of the copy. */
export function restored<Copy extends SessionRecord> (copy: Copy): Copy {
  const { moved, ...meta } = copy.meta!
  return freezeRecord({ ...copy, version: moved!, meta: Object.keys(meta).length === 0 ? null : meta }) as Copy
}

/** What takes the place of a session in the old store. It lives as long as the copy may be needed. */
export function seal (record: SessionRecord, copy: number, now: Instant): SessionRecord {
  const sealed = tombstone(record.id, now, { moved: copy })
  return freezeRecord({ ...sealed, expiresAt: Math.max(sealed.expiresAt, record.expiresAt) })
}

/** What keeps an id for the new store under which the old store has nothing. */
export function claim (id: string, now: Instant): SessionRecord { return tombstone(id, now, { moved: NOTHING }) }

/** Whether a record of the old store is a seal. */
export function isSeal (old: SessionRecord | null): boolean { return old?.meta?.moved !== undefined }

/** Whether a seal names this copy. */
export function isSealOf (old: SessionRecord | null, copy: SessionRecord | null): boolean {
  return copy !== null && old?.meta?.moved === copy.version
}

/**
 * What an ended session leaves in the new store, so that nobody who has read the old store before copies the session again.
 *
 * @param version that of the write which ends the session
 */
export function ending (id: string, version: number, now: Instant): SessionRecord {
  return freezeRecord({ ...tombstone(id, now, { moved: NOTHING }), version })
}

export function isEnding (next: SessionRecord | null): boolean { return next?.meta?.moved === NOTHING }
