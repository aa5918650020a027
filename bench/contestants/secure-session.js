import { randomBytes } from 'node:crypto'
import secureSession from '@fastify/secure-session'
import { asMethods, onFastify } from './on-fastify.js'

// A key, not a secret with a salt: deriving takes long, if only at the start.
export const create = () => onFastify({
  ...asMethods,
  register: app => app.register(secureSession, { key: randomBytes(32), cookie: { path: '/', httpOnly: true, sameSite: 'lax', secure: false } })
})
