import formbody from '@fastify/formbody'
import Fastify from 'fastify'
import sessions, { MemoryBackend } from 'fastsessions'
import { jwtVerify } from 'jose'

const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout'

/** @param keys in production `createRemoteJWKSet(new URL(provider.jwks_uri))` of jose */
export async function build ({ issuer, clientId, keys }) {
  const app = Fastify()
  await app.register(formbody)
  await app.register(sessions, { backend: new MemoryBackend() })

  const ours = { issuer, audience: clientId, algorithms: ['RS256', 'ES256'] }
  const labelOf = sid => `oidc:${issuer}#${sid}`

  // Stands for the callback of your OpenID client, which has done the code flow and checked state, nonce and PKCE.
  app.post('/callback', async request => {
    const { payload: { sub, sid } } = await jwtVerify(request.body.id_token, keys, ours)
    await request.session.login(sub, {}, { labels: sid === undefined ? [] : [labelOf(sid)] })
  })

  app.post('/backchannel-logout', { config: { session: false } }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const claims = await claimsOf(request.body?.logout_token)
    if (claims === null) return await reply.code(400).send({ error: 'invalid_request' })
    const { sub, sid } = claims
    const told = { reason: 'backchannel-logout', actor: issuer }
    if (sid !== undefined) await app.sessions.revokeLabel(labelOf(sid), told)
    else await app.sessions.revokeSubject(sub, told)
    return await reply.send()
  })

  // OpenID Connect Back-Channel Logout 1.0, 2.6: a text that is not all of this ends nothing.
  async function claimsOf (token) {
    try {
      const { payload } = await jwtVerify(token, keys, { ...ours, requiredClaims: ['iat', 'exp', 'jti'], maxTokenAge: '5m' })
      const { sub, sid, events, nonce } = payload
      const isLogout = typeof events?.[LOGOUT] === 'object' && events[LOGOUT] !== null && nonce === undefined
      const named = [sub, sid].filter(claim => claim !== undefined)
      return isLogout && named.length > 0 && named.every(claim => typeof claim === 'string' && claim !== '') ? { sub, sid } : null
    } catch {
      return null
    }
  }

  app.get('/me', { config: { session: { required: 'subject' } } }, async ({ session }) => session.subject)
  return app
}
