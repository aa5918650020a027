import { createHash } from 'node:crypto'
import formbody from '@fastify/formbody'
import Fastify from 'fastify'

/** An OAuth 2 provider that lets everybody in, as long as client and PKCE are right. Returns its address. */
export async function oauthServer (t) {
  const app = Fastify()
  t.after(() => app.close())
  const challenges = new Map()
  await app.register(formbody)
  app.get('/authorize', async (request, reply) => {
    const { redirect_uri: back, state, code_challenge: challenge } = request.query
    const code = `code-${challenges.size}`
    challenges.set(code, challenge)
    return await reply.redirect(`${back}?${new URLSearchParams({ code, state })}`)
  })
  app.post('/token', async (request, reply) => {
    const { client_secret: secret, code, code_verifier: verifier } = request.body
    const isRight = secret === 'secret of the shop' && createHash('sha256').update(verifier).digest('base64url') === challenges.get(code)
    if (!isRight) return await reply.code(400).send({ error: 'invalid_grant' })
    return { access_token: 'token', token_type: 'bearer' }
  })
  return await app.listen({ port: 0, host: '127.0.0.1' })
}
