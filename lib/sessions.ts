import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { SessionOptions } from '../types/index.d.ts'

/**
 * All that serves requests is loaded where the plugin is registered: a program or a test that imports an error class, a backend or the
 * plugin of an application, and starts no server, does without.
 */
async function fastsessions (app: FastifyInstance, options: SessionOptions): Promise<void> {
  const { register } = await import('./plugin.ts')
  await register(app, options)
}

/**
 * Sessions for Fastify 5: `await app.register(sessions, { secret })`, then `request.session`.
 *
 * @throws InvalidOptionsError for a configuration that could not work safely
 */
const sessions = fp(fastsessions, { fastify: '5.x', name: 'fastsessions' })

export default sessions
