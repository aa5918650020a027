import type { SessionBackend, SessionWatch, WatchOptions } from '../../../types/index.d.ts'

/** A watch of two stores. What happens to a session in either is reported, and it is live while both are. */
export function watchBoth (
  stores: readonly SessionBackend[], listener: (id: string | null) => void, options: WatchOptions | undefined
): SessionWatch {
  const watches = stores.map(store => store.watch!(listener, options))
  return {
    // Each is asked, since asking is what keeps a watch alive.
    get isLive () { return watches.map(({ isLive }) => isLive).every(Boolean) },
    get reportsOnlyEndings () { return watches.some(({ reportsOnlyEndings }) => reportsOnlyEndings) },
    async close () { await Promise.all(watches.map(async watch => { await watch.close() })) }
  }
}
