// What the keycloak adapter needs of Keycloak, for one user who is signed in already: a realm, a code for a token, a way out.
import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'

const HOUR = 3_600
const base64url = value => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Listens on a free port. */
export async function startProvider () {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const nonces = new Map()
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, origin)
    const answer = routes[url.pathname]
    if (answer === undefined) return response.writeHead(404).end()
    answer(response, url.searchParams, new URLSearchParams(Buffer.concat(await request.toArray()).toString()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://127.0.0.1:${server.address().port}`
  const realm = `${origin}/realms/shop`

  const routes = {
    '/realms/shop' (response) {
      json(response, { realm: 'shop', public_key: publicKey.export({ type: 'spki', format: 'der' }).toString('base64') })
    },
    '/realms/shop/.well-known/openid-configuration' (response) {
      json(response, {
        issuer: realm,
        authorization_endpoint: `${realm}/authorize`,
        token_endpoint: `${realm}/token`,
        end_session_endpoint: `${realm}/logout`
      })
    },
    '/realms/shop/authorize' (response, query) {
      const code = randomUUID()
      nonces.set(code, query.get('nonce'))
      const callback = new URL(query.get('redirect_uri'))
      callback.searchParams.set('code', code)
      if (query.has('state')) callback.searchParams.set('state', query.get('state'))
      response.writeHead(302, { location: callback.href }).end()
    },
    '/realms/shop/token' (response, _query, form) {
      const nonce = nonces.get(form.get('code'))
      if (nonce === undefined) return response.writeHead(400).end()
      nonces.delete(form.get('code'))
      json(response, { token_type: 'Bearer', expires_in: HOUR, access_token: sign({}), refresh_token: sign({}), id_token: sign({ nonce }) })
    },
    '/realms/shop/logout' (response) {
      response.end('signed out')
    }
  }
  return { origin, stop () { server.close() } }

  function sign (claims) {
    const now = Math.floor(Date.now() / 1_000)
    const payload = { iss: realm, aud: 'shop', sub: '7', preferred_username: 'ann', name: 'Ann', iat: now, exp: now + HOUR, ...claims }
    const text = `${base64url({ alg: 'RS256', typ: 'JWT' })}.${base64url(payload)}`
    return `${text}.${createSign('RSA-SHA256').update(text).sign(privateKey, 'base64url')}`
  }
}

function json (response, body) {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
