import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedisCluster, startServer, type ThrowAwayServer } from '../scripts/servers/index.js'
import { sharedServer } from '../scripts/servers/share.js'
import { FASTIFY_SESSION } from './fastify-session.ts'
import { stores } from './stores.ts'
import { wrongBackends } from './wrong.ts'

export const storeNames = Object.keys(stores)

/** A place for the sessions of a run. */
export interface Place {
  readonly store: string
  readonly space: string
  /** The addresses of the servers, the path of the folder, or `null`. */
  readonly url: string | null
  /** The servers that are there for this run alone, which it may kill. */
  readonly servers: readonly ThrowAwayServer[]
  /** Whether the place exists in this process only. */
  readonly isHere: boolean
  end (): Promise<void>
}

const FLEET = 3

/** Makes a place for the sessions of a run: servers, a folder or nothing. */
export async function providePlace (store: string, { isFleet = false }: { isFleet?: boolean } = {}): Promise<Place> {
  const isWrong = store in wrongBackends || store === FASTIFY_SESSION
  const space = `s${process.pid}_${Math.random().toString(36).slice(2, 10)}`
  const needs = isWrong ? null : stores[store]?.needs
  if (needs === undefined) throw new Error(`there is no store of this name: ${store}; there are ${storeNames.join(', ')}`)
  const place = { store, space, url: null, servers: [], isHere: needs === null, end: async () => {} }
  if (needs === null) return place
  if (needs === 'folder') {
    const folder = mkdtempSync(join(tmpdir(), 'fastsessions-stress-'))
    return { ...place, url: folder, end: async () => { rmSync(folder, { recursive: true, force: true }) } }
  }
  if (needs === 'redis and postgres') return { ...place, url: `${await sharedServer('redis')} ${await sharedServer('postgres')}` }
  if (needs === 'cluster') return ofServers(place, await startRedisCluster())
  if (isFleet) return ofServers(place, await Promise.all(Array.from({ length: FLEET }, () => startServer(needs))))
  return { ...place, url: await sharedServer(needs) }
}

function ofServers (place: Place, servers: readonly ThrowAwayServer[]): Place {
  const end = async (): Promise<void> => { await Promise.all(servers.map(server => server.stop())) }
  return { ...place, servers, url: servers.map(({ url }) => url).join(' '), end }
}
