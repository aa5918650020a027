import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedisCluster } from '../scripts/servers/index.js'
import { sharedServer } from '../scripts/servers/share.js'
import { FASTIFY_SESSION } from './fastify-session.ts'
import { stores } from './stores.ts'
import { wrongBackends } from './wrong.ts'

export const storeNames = Object.keys(stores)

/** A place for one run, and how to leave it. */
export interface Place {
  readonly store: string
  readonly space: string
  readonly url: string | null
  /** Whether only one process can have it. */
  readonly isHere: boolean
  end (): Promise<void>
}

/** Makes a place for the sessions of a run: a server, a folder or nothing. */
export async function providePlace (store: string): Promise<Place> {
  const isWrong = store in wrongBackends || store === FASTIFY_SESSION
  const space = `s${process.pid}_${Math.random().toString(36).slice(2, 10)}`
  const needs = isWrong ? null : stores[store]?.needs
  if (needs === undefined) throw new Error(`there is no store of this name: ${store}; there are ${storeNames.join(', ')}`)
  if (needs === null) return { store, space, url: null, isHere: true, end: async () => {} }
  if (needs === 'folder') {
    const folder = mkdtempSync(join(tmpdir(), 'fastsessions-stress-'))
    return { store, space, url: folder, isHere: false, end: async () => { rmSync(folder, { recursive: true, force: true }) } }
  }
  if (needs === 'cluster') {
    const servers = await startRedisCluster()
    const end = async (): Promise<void> => { await Promise.all(servers.map(server => server.stop())) }
    return { store, space, url: servers.map(({ url }) => url).join(' '), isHere: false, end }
  }
  return { store, space, url: await sharedServer(needs), isHere: false, end: async () => {} }
}
