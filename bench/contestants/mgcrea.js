import { randomBytes } from 'node:crypto'
import cookie from '@fastify/cookie'
import session from '@mgcrea/fastify-session'
import { SODIUM_AUTH, SODIUM_SECRETBOX } from '@mgcrea/fastify-session-sodium-crypto'
import { ioredis } from './clients.js'
import { asMethods, onFastify } from './on-fastify.js'

const TTL_SECONDS = 14 * 86_400

const variants = {
  cookie: () => ({ options: { crypto: SODIUM_SECRETBOX } }),
  memory: () => ({ options: { crypto: SODIUM_AUTH } }),
  async redis ({ url }) {
    const { RedisStore } = await import('@mgcrea/fastify-session-redis-store')
    const { client, close } = await ioredis(url)
    return { options: { crypto: SODIUM_AUTH, store: new RedisStore({ client, ttl: TTL_SECONDS }) }, close }
  }
}

/** As its readme has it for production: sodium, and a deadline. */
export async function create (variant, settings) {
  const { options, close } = await variants[variant](settings)
  return await onFastify({
    ...asMethods,
    close,
    register: async app => {
      await app.register(cookie)
      await app.register(session, {
        key: randomBytes(32), saveUninitialized: false, cookie: { maxAge: TTL_SECONDS, httpOnly: true, sameSite: 'lax', secure: false }, ...options
      })
    }
  })
}
