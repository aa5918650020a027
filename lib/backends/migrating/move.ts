import type { SessionRecord, WriteContext } from '../../../types/index.d.ts'
import { claim, copyOf, isCopy, isSeal, isSealOf, recordIn, seal } from './markers.ts'
import type { Migration, Whereabouts } from './whereabouts.ts'

/**
 * Takes the next step of moving a session, or an id under which there is nothing, to the new store. Whoever moves a session at the same
 * time takes the same steps, and whatever a step came to, where the session is must be looked up again.
 *
 * 1. a copy in the new store, by compare-and-set
 * 2. once the copy is there, and as late as what the old store has by now: a seal in the old store, by compare-and-set
 */
export async function moveOn (
  migration: Migration, id: string, { old, next }: Pick<Whereabouts, 'old' | 'next'>, context: WriteContext | undefined
): Promise<void> {
  if (old === null) await migration.old.write(id, claim(id, migration.now()), 0)
  else if (next === null || !isCopy(next, old)) await migration.next.write(id, copyOf(old), next?.version ?? 0, context)
  else if (isBehind(migration, next, old)) await migration.next.touch!(id, { ...old, version: next.version })
  else await sealOld(migration, old, next)
}

/** A renewal in the old store moves deadlines, and keeps the version: the copy keeps its own, by which others may be about to seal. */
function isBehind ({ next }: Migration, copy: SessionRecord, old: SessionRecord): boolean {
  if (next.touch === undefined) return false
  return copy.expiresAt !== old.expiresAt || copy.lastAccessedAt !== old.lastAccessedAt
}

async function sealOld ({ old, next, now }: Migration, record: SessionRecord, copy: SessionRecord): Promise<void> {
  const { id, version } = record
  if (await old.write(id, seal(record, copy.version, now()), version) === id) return
  const stands = recordIn(await old.read(id))
  if (stands?.version === version || isSealOf(stands, copy)) return
  // The session has changed or ended in the old store: no seal can name this copy any more.
  await next.write(id, { ...copy, data: '', meta: null, subject: null, expiresAt: 0 }, copy.version)
}

/** Where a session was copied past this backend, and has ended in the new store: ends what is still in the old store. */
export async function endOld ({ old, now }: Migration, id: string): Promise<void> {
  const record = recordIn(await old.read(id))
  if (record !== null && !isSeal(record)) await old.write(id, seal(record, 0, now()), record.version)
}
