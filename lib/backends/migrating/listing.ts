import type { ListedRecord, ListFilter, ListPage, SessionBackend } from '../../../types/index.d.ts'
import { DEFAULT_PAGE } from '../conventions.ts'
import { isCopy, isEnding, isSealOf, recordIn, restored } from './markers.ts'
import type { Migration } from './whereabouts.ts'

/** What the cursors begin with, which says in which store to go on. */
const [IN_OLD, IN_NEXT] = ['old:', 'next:'] as const

type Page = ListPage<ListedRecord>

/**
 * A page of both stores, the old one first: a session that moves meanwhile may be listed twice, and is never missing. What is in both is
 * listed where it counts.
 */
export async function listBoth (migration: Migration, { limit = DEFAULT_PAGE, cursor = IN_OLD, ...filter }: ListFilter): Promise<Page> {
  if (cursor.startsWith(IN_NEXT)) return await nextPage(migration, filter, limit, cursor.slice(IN_NEXT.length))
  const page = await pageOf(migration.old, filter, limit, cursor.slice(IN_OLD.length))
  const sessions = await withoutMoved(migration, page.sessions)
  if (page.cursor !== null) return { sessions, cursor: IN_OLD + page.cursor }
  const room = limit - page.sessions.length
  if (room <= 0) return { sessions, cursor: IN_NEXT }
  const more = await nextPage(migration, filter, room, '')
  const listed = new Set(sessions.map(({ id }) => id))
  return { sessions: [...sessions, ...more.sessions.filter(({ id }) => !listed.has(id))], cursor: more.cursor }
}

async function nextPage (migration: Migration, filter: ListFilter, limit: number, cursor: string): Promise<Page> {
  const page = await pageOf(migration.next, filter, limit, cursor)
  const sessions = await Promise.all(page.sessions.map(async record => await counting(migration, record)))
  return { sessions: sessions.flatMap(record => record ?? []), cursor: page.cursor === null ? null : IN_NEXT + page.cursor }
}

async function pageOf (store: SessionBackend, filter: ListFilter, limit: number, cursor: string): Promise<Page> {
  return await store.list!({ ...filter, limit, ...(cursor !== '' && { cursor }) })
}

/** In step two, a session that was copied past this backend counts in the new store. */
async function withoutMoved ({ next, moves }: Migration, sessions: ListedRecord[]): Promise<ListedRecord[]> {
  if (!moves) return sessions
  const here = await Promise.all(sessions.map(async ({ id }) => {
    const stands = recordIn(await next.read(id))
    return stands === null || isCopy(stands) || (stands.data === '' && !isEnding(stands))
  }))
  return sessions.filter((_, n) => here[n])
}

/** A session of the new store as the core sees it; `null` for a copy that does not count, or not yet. */
async function counting ({ old }: Migration, record: ListedRecord): Promise<ListedRecord | null> {
  if (!isCopy(record)) return record
  return isSealOf(recordIn(await old.read(record.id)), record) ? restored(record) : null
}
