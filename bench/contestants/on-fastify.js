import Fastify from 'fastify'
import { KEYS, payloadOf } from '../payload.js'

/**
 * The same routes for everybody. How a session is used differs: `get(request, reply, key)`, `set(request, reply, values)`.
 * Both may be asynchronous.
 */
export async function onFastify ({ register, get, set, close, calls }) {
  const app = Fastify()
  await register(app)
  let n = 0
  app.get('/untouched', async () => 'ok')
  if (get !== undefined) routes()
  await app.ready()
  return { server: app.server, listen: () => app.listen({ port: 0, host: '127.0.0.1' }), calls, close: async () => { await app.close(); await close?.() } }

  function routes () {
    app.get('/read', async (request, reply) => (await get(request, reply, 'user')).name)
    app.get('/write', async (request, reply) => {
      await set(request, reply, { n: ++n })
      return 'ok'
    })
    app.get('/login/:bytes', async (request, reply) => {
      await set(request, reply, payloadFor(request.params.bytes), true)
      return 'ok'
    })
    // Of 20 requests at once each sets a key of its own.
    app.get('/own/:key/:value', async (request, reply) => {
      await set(request, reply, { [request.params.key]: request.params.value })
      return 'ok'
    })
    app.get('/value/:key', async (request, reply) => JSON.stringify(await get(request, reply, request.params.key) ?? null))
    app.get('/all', async (request, reply) => {
      const values = {}
      for (const key of KEYS) values[key] = await get(request, reply, key)
      return JSON.stringify(values)
    })
  }
}

const payloads = new Map()

/** Made once: making it is not what is measured. */
export function payloadFor (bytes) {
  if (!payloads.has(bytes)) payloads.set(bytes, payloadOf(Number(bytes)))
  return payloads.get(bytes)
}

/** Sessions that are plain objects. */
export const asProperties = {
  get: (request, _reply, key) => request.session[key],
  set: (request, _reply, values) => { for (const key in values) request.session[key] = values[key] }
}

/** Sessions with methods. */
export const asMethods = {
  get: (request, _reply, key) => request.session.get(key),
  set: (request, _reply, values) => { for (const key in values) request.session.set(key, values[key]) }
}
