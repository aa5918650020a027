// A page behind Keycloak as the readme of fastify-keycloak-adapter has it: what the adapter puts into the session says who it is for.
import formbody from '@fastify/formbody'
import Fastify from 'fastify'
import keycloak from 'fastify-keycloak-adapter'

export async function create ({ provider }) {
  const app = Fastify()
  await app.register(formbody)
  await app.register(keycloak.default ?? keycloak, {
    appOrigin: 'http://shop.example',
    keycloakSubdomain: `${new URL(provider).host}/realms/shop`,
    clientId: 'shop',
    clientSecret: 'secret of the shop'
  })
  app.get('/', async request => ({ user: request.session.user }))
  app.get('/basket', async request => ({ basket: request.session.basket ?? [] }))
  app.post('/basket', async request => {
    request.session.basket = [...request.session.basket ?? [], request.body.item]
    return { basket: request.session.basket }
  })
  return app
}
