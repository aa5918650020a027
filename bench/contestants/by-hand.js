import { createHash, randomBytes } from 'node:crypto'
import cookie from '@fastify/cookie'
import { ioredis, memjs, pgPool } from './clients.js'
import { onFastify } from './on-fastify.js'

const TTL_SECONDS = 14 * 86_400

/**
 * What somebody would write who needs one session and nothing else: the physical limit. It takes as many round trips as
 * ours, and does without all that makes a session safe: the last of two writes wins, nothing is checked, no deadline
 * but the store's.
 */
const stores = {
  async redis ({ url }) {
    const { client, close } = await ioredis(url)
    const write = (id, text) => client.set(id, text, 'EX', TTL_SECONDS)
    return { read: id => client.get(id), write, create: write, close }
  },
  async memcached ({ url }) {
    const { client, close } = await memjs(url)
    const write = (id, text) => client.set(id, text, { expires: TTL_SECONDS })
    return { read: async id => (await client.get(id)).value, write, create: write, close }
  },
  async postgres ({ url }) {
    const { client: pool, close } = await pgPool(url)
    await pool.query('create table if not exists by_hand (id text primary key, data text not null, expires_at bigint not null)')
    const deadline = () => Date.now() + TTL_SECONDS * 1_000
    return {
      read: async id => (await pool.query({ name: 'read', text: 'select data from by_hand where id = $1 and expires_at > $2', values: [id, Date.now()] })).rows[0]?.data,
      write: (id, text) => pool.query({ name: 'write', text: 'update by_hand set data = $2, expires_at = $3 where id = $1', values: [id, text, deadline()] }),
      create: (id, text) => pool.query({ name: 'create', text: 'insert into by_hand (id, data, expires_at) values ($1, $2, $3)', values: [id, text, deadline()] }),
      close
    }
  }
}

const idOf = token => createHash('sha256').update(token).digest('base64url')

export async function create (variant, settings) {
  const { read, write, create, close } = await stores[variant](settings)

  async function load (request) {
    const id = idOf(request.cookies.session)
    return { id, data: JSON.parse(await read(id)) }
  }

  return await onFastify({
    close,
    register: app => app.register(cookie),
    get: async (request, _reply, key) => (await load(request)).data[key],
    set: async (request, reply, values, isNew) => {
      if (isNew) {
        const token = randomBytes(32).toString('base64url')
        await create(idOf(token), JSON.stringify(values))
        reply.setCookie('session', token, { path: '/', httpOnly: true, sameSite: 'lax' })
        return
      }
      const { id, data } = await load(request)
      await write(id, JSON.stringify({ ...data, ...values }))
    }
  })
}
