import { randomBytes } from 'node:crypto'

/**
 * A session plugin as it is often written, to compare with: `request.naive` is read whole when a request comes, and written
 * whole when it is answered. The last writer wins, and a writer that comes late brings back what was deleted.
 */
export function naiveSessions (app) {
  const store = new Map()
  app.decorateRequest('naive', null)
  app.addHook('onRequest', async request => {
    const id = /(?:^|; )naive=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? randomBytes(16).toString('hex')
    const data = JSON.parse(store.get(id) ?? '{}')
    request.naive = { id, data, destroy: () => { store.delete(id); request.naive = null } }
  })
  app.addHook('onSend', async (request, reply) => {
    if (request.naive === null) return
    const { id, data } = request.naive
    if (Object.keys(data).length === 0) return
    store.set(id, JSON.stringify(data))
    reply.header('set-cookie', `naive=${id}; Path=/; HttpOnly; SameSite=Lax`)
  })
  return store
}
