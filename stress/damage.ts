import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Place } from './places.ts'

const GARBAGE = '{"half a rec'

/** Damages what a store keeps under an id, behind the back of the servers. Does nothing where the store is in a process. */
export async function damage ({ store, space, url }: Place, id: string): Promise<void> {
  if (url !== null) await ways[store]?.(id, url, space)
}

const ways: Readonly<Record<string, (id: string, url: string, space: string) => Promise<unknown>>> = {
  file: async (id, folder) => {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      // A session is a folder of this name; `d.…` is its data.
      const isData = entry.isFile() && entry.parentPath.endsWith(id) && entry.name.startsWith('d.')
      if (isData) writeFileSync(join(entry.parentPath, entry.name), GARBAGE)
    }
  },
  async redis (id, url, space) {
    const { Redis } = await import('ioredis')
    const client = new Redis(url)
    await client.set(`${space}:${id}`, GARBAGE)
    client.disconnect()
  },
  async memcached (id, url, space) {
    const { Client } = await import('memjs')
    const client = Client.create(new URL(url).host)
    await client.set(`${space}:${id}`, GARBAGE, {})
    client.close()
  },
  async sqlite (id, folder, space) {
    const { default: Database } = await import('better-sqlite3')
    const database = new Database(join(folder, 'sessions.sqlite'))
    database.prepare(`update ${space} set data = ?, policy = ? where id = ?`).run(GARBAGE, GARBAGE, id)
    database.close()
  },
  async postgres (id, url, space) {
    const { default: { Client } } = await import('pg')
    const client = new Client(url)
    await client.connect()
    await client.query(`update ${space} set data = $1, policy = $1 where id = $2`, [GARBAGE, id])
    await client.end()
  },
  async mariadb (id, url, space) {
    const { default: mysql } = await import('mysql2/promise')
    const connection = await mysql.createConnection(url)
    await connection.query(`update ${space} set data = ?, policy = ? where id = ?`, [GARBAGE, GARBAGE, id])
    await connection.end()
  }
}
