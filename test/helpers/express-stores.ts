import connectPg from 'connect-pg-simple'
import { RedisStore } from 'connect-redis'
import session from 'express-session'
import pg from 'pg'
import { createClient } from 'redis'
import type { ExpressStore } from '../../lib/express-store.ts'
import { sharedServer } from './servers.ts'

interface Test { teardown (end: () => unknown): unknown }

let number = 0

/** Stores for express-session, each empty at first. */
export const expressStores: Readonly<Record<string, (t: Test) => Promise<ExpressStore>>> = {
  'express-session\'s own memory store': async () => new session.MemoryStore(),
  async 'connect-redis' (t) {
    const client = createClient({ url: await sharedServer('redis') })
    await client.connect()
    t.teardown(() => client.close())
    return new RedisStore({ client, prefix: `shared${process.pid}_${number++}:` }) as ExpressStore
  },
  async 'connect-pg-simple' (t) {
    const pool = new pg.Pool({ connectionString: await sharedServer('postgres') })
    pool.on('error', () => {})
    t.teardown(() => pool.end())
    // By hand, since the store names the index of each table alike.
    const tableName = `shared${process.pid}`
    await pool.query(`create table if not exists ${tableName} (sid varchar primary key, sess json not null, expire timestamp(6) not null)`)
    const PgStore = connectPg(session)
    return new PgStore({ pool, tableName, pruneSessionInterval: false })
  }
}
