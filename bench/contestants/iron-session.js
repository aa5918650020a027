import { randomBytes } from 'node:crypto'
import { getIronSession } from 'iron-session'
import { onFastify } from './on-fastify.js'

const options = {
  password: randomBytes(32).toString('base64url'),
  cookieName: 'session',
  cookieOptions: { secure: false },
  // What does not fit into one cookie goes into several, as with ours.
  chunk: true
}
const open = (request, reply) => getIronSession(request.raw, reply.raw, options)

/** It is no plugin: handlers call it, and it parses cookies by itself. */
export const create = () => onFastify({
  register: () => {},
  get: async (request, reply, key) => (await open(request, reply))[key],
  set: async (request, reply, values) => {
    const session = await open(request, reply)
    Object.assign(session, values)
    await session.save()
  }
})
