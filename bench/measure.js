import { Burst } from './burst.js'
import { CONNECTIONS, load, openAll } from './load.js'

const KILOBYTE = 1_000

/**
 * One sample of one case: what a request costs the server (`cpu` in µs, `allocated` in kB), and how it looks from outside.
 * `details.connections`: other than the usual number.
 */
export async function measure (entrant, details, requests) {
  if (details.cookies === 'one') return await measureBurst(entrant, details, requests)
  const requestOf = entrant.requests(details)
  const { child } = entrant
  const connections = await openAll(child.port, requestOf, details.connections ?? CONNECTIONS)
  await child.ask('start')
  const { count, seconds, p50, p99, bytesUp, bytesDown } = await load(connections, requestOf, requests)
  const { cpuMicroseconds, allocatedBytes } = await child.ask('stop')
  for (const connection of connections) connection.close()
  const ofServer = { cpu: cpuMicroseconds / count, allocated: allocatedBytes / count / KILOBYTE }
  return { ...ofServer, throughput: count / seconds, p50, p99, bytesUp, bytesDown }
}

/** Latency is that of a batch here: a page is there when all of its requests are answered. */
async function measureBurst (entrant, { size, writers }, requests) {
  const { child } = entrant
  // A base line has no sessions; its cost is that of as many requests.
  if (entrant.kind === 'base') return await measure(entrant, { path: '/untouched', cookies: 'own', size }, requests)
  const burst = await Burst.open([child.port], entrant.oneCookie(size), writers)
  await burst.run(1)
  await child.ask('start')
  const { times, bytes, requests: count } = await burst.run(Math.ceil(requests / writers))
  const { cpuMicroseconds, allocatedBytes } = await child.ask('stop')
  const lost = await burst.lost()
  burst.close()
  const sorted = times.map(ms => ms * 1_000).sort((a, b) => a - b)
  const seconds = times.reduce((sum, ms) => sum + ms, 0) / 1_000
  return {
    cpu: cpuMicroseconds / count,
    allocated: allocatedBytes / count / KILOBYTE,
    throughput: count / seconds,
    p50: sorted[Math.floor(sorted.length / 2)],
    p99: sorted[Math.floor(sorted.length * 0.99)],
    bytesUp: bytes.up / count,
    bytesDown: bytes.down / count,
    lost
  }
}
