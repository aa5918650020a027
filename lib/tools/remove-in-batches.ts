import type { Awaitable } from '../../types/index.d.ts'

const BATCH = 1_000

export interface BatchOptions {
  /** The most entries to remove in all. @default Infinity */
  limit?: number
  /** The most entries in a batch. @default 1000 */
  batchSize?: number
  /** Asked after each batch; `true` ends the removal. */
  isStopped?: () => boolean
}

/**
 * Removes entries in batches of bounded size, until a batch is not full: the store holds no more of them. Requests are
 * served between two batches, so that a large removal holds up no request for longer than a batch takes.
 *
 *     await removeInBatches(most => backend.removeExpired({ limit: most }), { limit: 5_000 })
 *
 * @param remove removes up to `most` entries, and answers how many entries it removed
 * @returns how many entries were removed in all
 */
export async function removeInBatches (
  remove: (most: number) => Awaitable<number>,
  { limit = Infinity, batchSize = BATCH, isStopped = () => false }: BatchOptions = {}
): Promise<number> {
  let removed = 0
  while (removed < limit) {
    const most = Math.min(batchSize, limit - removed)
    const count = await remove(most)
    removed += count
    if (count < most || isStopped()) break
    await new Promise(resolve => { setImmediate(resolve) })
  }
  return removed
}
