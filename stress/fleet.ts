import type { ThrowAwayServer } from '../scripts/servers/index.js'
import { say } from '../test/helpers/memcached.ts'
import type { Place } from './places.ts'

/** Prepares the servers of a fleet for the death of one of them. */
export async function prepareFleet ({ store, servers }: Place): Promise<void> {
  if (store !== 'cluster') return
  // Otherwise a cluster without replicas stops as a whole when one master is down.
  for (const { url } of servers) await onRedis(url, client => client.config('SET', 'cluster-require-full-coverage', 'no'))
}

/** The server that keeps a session. */
export async function serverOf ({ store, space, servers }: Place, id: string): Promise<ThrowAwayServer> {
  const key = `${space}:${id}`
  for (const server of servers) {
    if (await (store === 'cluster' ? isOnRedis(server, key) : isOnMemcached(server, key))) return server
  }
  throw new Error(`no server keeps ${key}`)
}

async function isOnMemcached ({ port }: ThrowAwayServer, key: string): Promise<boolean> {
  return (await say(port, `mg ${key} t`)).startsWith('HD')
}

async function isOnRedis ({ url }: ThrowAwayServer, key: string): Promise<boolean> {
  return (await onRedis(url, client => client.keys(key))).length > 0
}

async function onRedis<T> (url: string, work: (client: import('ioredis').Redis) => Promise<T>): Promise<T> {
  const { Redis } = await import('ioredis')
  const client = new Redis(url)
  try {
    return await work(client)
  } finally {
    client.disconnect()
  }
}
