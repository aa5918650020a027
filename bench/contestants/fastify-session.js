import { randomBytes } from 'node:crypto'
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { nodeRedis, pgPool } from './clients.js'
import { asProperties, onFastify } from './on-fastify.js'

const TTL_SECONDS = 14 * 86_400

const stores = {
  memory: () => ({}),
  async redis ({ url }) {
    const { RedisStore } = await import('connect-redis')
    const { client, close } = await nodeRedis(url)
    return { store: new RedisStore({ client, ttl: TTL_SECONDS }), close }
  },
  async postgres ({ url }) {
    const [{ default: expressSession }, { default: connectPg }] = await Promise.all([import('express-session'), import('connect-pg-simple')])
    const { client: pool, close } = await pgPool(url)
    const PgStore = connectPg(expressSession)
    const store = new PgStore({ pool, tableName: 'connect_pg_simple', createTableIfMissing: true, pruneSessionInterval: false, ttl: TTL_SECONDS })
    return { store, close }
  }
}

/** Lean: nothing is saved that nobody changed, as with ours. */
export async function create (variant, settings) {
  const { store, close } = await stores[variant](settings)
  const options = { secret: randomBytes(32).toString('base64url'), cookie: { secure: false, sameSite: 'lax' }, saveUninitialized: false, rolling: false }
  return await onFastify({
    ...asProperties,
    close,
    register: async app => {
      await app.register(cookie)
      await app.register(session, store === undefined ? options : { ...options, store })
    }
  })
}
