import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import sessions, { CookieBackend, MemoryBackend } from '../../dist/index.js'
import { ioredis, memjs, pgPool } from './clients.js'
import { counted } from './counted.js'
import { asProperties, onFastify } from './on-fastify.js'

const backends = {
  cookie: () => ({ backend: new CookieBackend({ maxBytes: 12_288 }) }),
  // So many that no login of a long run takes the place of a session that another case needs.
  memory: ({ maxEntries = 10_000_000 }) => ({ backend: new MemoryBackend({ maxEntries }) }),
  async file ({ folder }) {
    const { FileBackend } = await import('../../dist/file.js')
    return { backend: new FileBackend({ directory: join(folder, 'sessions') }) }
  },
  async redis ({ url }) {
    const { RedisBackend } = await import('../../dist/redis.js')
    const { client, close } = await ioredis(url)
    return { backend: new RedisBackend(client), close }
  },
  async revocable (settings) {
    const { backend: revocation, close } = await backends.redis(settings)
    return { backend: new CookieBackend({ maxBytes: 12_288, revocation }), close }
  },
  async cached (settings) {
    const { CachedBackend } = await import('../../dist/cached.js')
    const { backend, close } = await backends.redis(settings)
    return { backend: new CachedBackend(backend), close }
  },
  async memcached ({ url }) {
    const { MemcachedBackend } = await import('../../dist/memcached.js')
    const { client, close } = await memjs(url)
    return { backend: new MemcachedBackend(client), close }
  },
  sqlite: ({ folder }) => sqlite(folder, () => ({})),
  'sqlite-pool': ({ folder }) => sqlite(folder, pool => ({ pool })),
  async postgres ({ url, table = 'sessions' }) {
    const { PostgresDialect } = await import('kysely')
    const { client: pool } = await pgPool(url)
    return await sql(new PostgresDialect({ pool }), { pool, table })
  }
}

async function sqlite (folder, optionsFor) {
  const { default: Database } = await import('better-sqlite3')
  const { SqliteDialect } = await import('kysely')
  const database = new Database(join(folder, 'sessions.sqlite'))
  database.pragma('journal_mode = WAL')
  return await sql(new SqliteDialect({ database }), optionsFor(database))
}

async function sql (dialect, options) {
  const { Kysely } = await import('kysely')
  const { createSessionTable, DatabaseBackend } = await import('../../dist/database.js')
  const db = new Kysely({ dialect })
  await createSessionTable(db, { table: options.table ?? 'sessions' })
  return { backend: new DatabaseBackend(db, options), close: () => db.destroy() }
}

/** `settings.create`: how many sessions to create before it serves; `settings.count`: count calls of the backend. */
export async function create (variant, settings) {
  const { backend, close } = await backends[variant](settings)
  const calls = { count: 0 }
  let app
  const contestant = await onFastify({
    ...asProperties,
    close,
    calls,
    register: async instance => {
      app = instance
      await app.register(sessions, {
        secret: randomBytes(32), backend: settings.count ? counted(backend, calls) : backend, cookie: { secure: false }
      })
    }
  })
  return { ...contestant, sessions: app.sessions }
}
