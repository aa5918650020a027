import { type ServerName, startRedisCluster, startSentinel, startServer, type ThrowAwayServer } from '../../scripts/servers/index.js'

export { sharedServer } from '../../scripts/servers/share.js'
export type { ServerName, ThrowAwayServer as OwnServer } from '../../scripts/servers/index.js'

interface Test { teardown (end: () => Promise<void>): void }

/** A server of this test alone, which a test may kill and freeze. The server stops at the end of the test. */
export async function ownServer (t: Test, name: ServerName, ...args: string[]): Promise<ThrowAwayServer> {
  const server = await startServer(name, ...args)
  t.teardown(() => server.stop())
  return server
}

/** Three Redis masters that share all slots, each with this number of replicas. */
export async function ownCluster (t: Test, replicas = 0): Promise<{ ports: number[], servers: ThrowAwayServer[] }> {
  const servers = await startRedisCluster(replicas)
  t.teardown(async () => { await Promise.all(servers.map(server => server.stop())) })
  return { ports: servers.map(({ port }) => port), servers }
}

export interface OwnSentinel { sentinelPort: number, name: string, master: ThrowAwayServer, replica: ThrowAwayServer }

/** A Redis master with a replica and a sentinel that watches both. */
export async function ownSentinel (t: Test): Promise<OwnSentinel> {
  const { name, master, replica, sentinel } = await startSentinel()
  t.teardown(async () => { await Promise.all([sentinel, replica, master].map(server => server.stop())) })
  return { sentinelPort: sentinel.port, name, master, replica }
}
