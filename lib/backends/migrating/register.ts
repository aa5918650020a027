import type { SessionRecord, WriteContext } from '../../../types/index.d.ts'
import { randomVersion } from '../../crypto/random.ts'
import { BackendUnavailableError } from '../../errors.ts'
import { claim, ending, isCopy, recordIn } from './markers.ts'
import { endOld, moveOn } from './move.ts'
import { locate, type Migration, type Whereabouts } from './whereabouts.ts'

/** A try fails where a different change of the session has come first. So many in a row are a store which does not keep what it says. */
const MAX_TRIES = 100

/** `write` of two stores, which keeps the rule of `expectedVersion` as if they were one. */
export async function writeTo (
  migration: Migration, id: string, record: SessionRecord, expected: number | undefined, context: WriteContext | undefined
): Promise<string | SessionRecord | null> {
  if (expected !== undefined && await writesAtOnce(migration, id, record, expected, context)) return id
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const where = await locate(migration, id)
    const version = where.record?.version ?? 0
    if (version === record.version) return id
    if (expected !== undefined && version !== expected) return where.record
    if (where.record === null && isOver(migration, record)) return id
    if (await tryToWrite(migration, id, where, record, expected === undefined, context)) return id
  }
  throw unsettled('write')
}

/** Tries what is right most of the time, without a look at where the session is. What is refused has changed nothing. */
async function writesAtOnce (
  migration: Migration, id: string, record: SessionRecord, expected: number, context: WriteContext | undefined
): Promise<boolean> {
  const { old, moves, now } = migration
  if (!moves) return expected !== 0 && await old.write(id, record, expected, context) === id
  // Only the new store may decide who creates a session: the old store says to everybody that it is to be asked.
  if (expected === 0 && await old.write(id, claim(id, now()), 0) !== id) return false
  return await writeNext(migration, id, record, expected, context)
}

async function tryToWrite (
  migration: Migration, id: string, where: Whereabouts, record: SessionRecord, isBlind: boolean, context: WriteContext | undefined
): Promise<boolean> {
  const { store, old, next } = where
  if (store === 'next') return await writeNext(migration, id, record, isBlind ? undefined : next?.version ?? 0, context)
  if (!migration.moves) return await migration.old.write(id, record, old?.version ?? 0, context) === id
  await moveOn(migration, id, where, context)
  return false
}

async function writeNext (
  migration: Migration, id: string, record: SessionRecord, expected: number | undefined, context: WriteContext | undefined
): Promise<boolean> {
  const written = isOver(migration, record) ? ending(id, record.version, migration.now()) : record
  if (await migration.next.write(id, written, expected, context) !== id) return false
  if (migration.moves && written.data === '') await endOld(migration, id)
  return true
}

/** Whether a write ends the session: a write of an expired record leaves nothing readable. */
function isOver ({ now }: Migration, { expiresAt }: SessionRecord): boolean { return expiresAt <= now() }

/** `touch` of two stores: `false` only where neither has the session, and never because the session moves meanwhile. */
export async function touchIn (migration: Migration, id: string, record: SessionRecord): Promise<boolean | null> {
  const { old, next, moves } = migration
  if (moves && await next.touch!(id, record) === true) return true
  if (!moves && await touchOld(migration, id, record)) return true
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const where = await locate(migration, id)
    if (where.record === null) return false
    if (where.record.version !== record.version) return null
    if (where.store === 'old') {
      if (await touchOld(migration, id, record)) return true
      continue
    }
    const { version } = where.next!
    // The copy counts for as long as its seal is there.
    if (isCopy(where.next)) await old.touch!(id, { ...where.old!, expiresAt: Math.max(where.old!.expiresAt, record.expiresAt) })
    if (await next.touch!(id, { ...record, version }) === true) return true
  }
  throw unsettled('renew')
}

async function touchOld ({ old, next }: Migration, id: string, record: SessionRecord): Promise<boolean> {
  if (await old.touch!(id, record) !== true) return false
  // A copy that was made before the renewal, and is about to count.
  const copy = recordIn(await next.read(id))
  if (copy === null) return true
  if (isCopy(copy, record) && await next.touch!(id, { ...record, version: copy.version }) === true) return true
  await next.touch!(id, record)
  return true
}

/** `remove` in two stores. */
export async function removeFrom (migration: Migration, id: string): Promise<void> {
  const { old, next, moves, now } = migration
  if (!moves) {
    await old.remove(id)
    await next.remove(id)
    return
  }
  const { record } = await locate(migration, id)
  if (record === null) await removeUnreadable(migration, id)
  else await next.write(id, ending(id, randomVersion(), now()))
  await old.remove(id)
}

/** What cannot be read as a record goes too; what refuses a copy stays. */
async function removeUnreadable ({ next }: Migration, id: string): Promise<void> {
  const stands = await next.read(id)
  if (stands !== null && recordIn(stands) === null) await next.remove(id)
}

function unsettled (operation: string): BackendUnavailableError {
  return new BackendUnavailableError(`MigratingBackend failed to ${operation} a session: it kept changing its place`)
}
