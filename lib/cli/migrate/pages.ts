import type { ListedRecord, ListPage, SessionRecord } from '../../../types/index.d.ts'
import { freezeRecord } from '../../record/record.ts'
import type { Registration } from '../../store/registration.ts'

const PAGE = 100
/** How many sessions are worked on at the same time: enough to hide the way to the servers, and no burden beside traffic. */
const AT_ONCE = 16

/**
 * Does something with each live session of a registration, several at a time, a page after the other: so memory is bounded. After a
 * failure, or once it is stopped, it begins with no more sessions, and finishes those that it has begun with.
 */
export async function eachSession (
  { store }: Registration, isStopped: () => boolean, work: (record: SessionRecord) => Promise<void>
): Promise<void> {
  const list = store.optional('list', 'list(), which migrate needs')
  for (let cursor: string | null | undefined; cursor !== null && !isStopped();) {
    const filter = { limit: PAGE, ...(cursor !== undefined && { cursor }) }
    const page: ListPage<ListedRecord> = await store.run(store.call('list', null, () => list(filter)))
    await eachOf(page.sessions.map(withoutOwnColumns), isStopped, work)
    cursor = page.cursor
  }
}

async function eachOf<T> (items: readonly T[], isStopped: () => boolean, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items[Symbol.iterator]()
  let hasFailed = false
  const lane = async (): Promise<void> => {
    for (const item of waiting) {
      if (hasFailed || isStopped()) return
      try {
        await work(item)
      } catch (error) {
        hasFailed = true
        throw error
      }
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: AT_ONCE }, lane))
  const failed = lanes.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined
  if (failed !== undefined) throw failed.reason
}

/** The columns of the application are filled by the backend that writes. */
function withoutOwnColumns ({ extra: _, ...record }: ListedRecord): SessionRecord { return freezeRecord(record) }
