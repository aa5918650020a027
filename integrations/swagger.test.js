import assert from 'node:assert/strict'
import { test } from 'node:test'
import swagger from '@fastify/swagger'
import { devices } from 'fastsessions/devices'
import { addAccount, createSite } from './helpers/site.js'

test('`config.session` of a route tells the description which routes need the cookie', async t => {
  const app = await createSite(t)
  await app.register(swagger, {
    openapi: {
      info: { title: 'Shop', version: '1.0.0' },
      components: { securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: '__Host-session' } } }
    },
    transform: ({ schema, url, route }) => {
      const isRequired = Boolean(route.config?.session?.required)
      return { url, schema: isRequired ? { ...schema, security: [{ session: [] }] } : schema }
    }
  })
  await app.register(async scope => addAccount(scope))
  await app.ready()
  const { paths, components } = app.swagger()
  assert.deepEqual(paths['/me'].get.security, [{ session: [] }])
  assert.equal(paths['/sign-out'].post.security, undefined)
  assert.deepEqual(Object.keys(components.securitySchemes), ['session'])
})

for (const [kind, options] of [['OpenAPI 3', { openapi: { info: { title: 'Shop', version: '1.0.0' } } }], ['Swagger 2', {}]]) {
  test(`the routes of fastsessions/devices are described: ${kind}`, async t => {
    const app = await createSite(t)
    await app.register(swagger, options)
    await app.register(devices, { prefix: '/account/sessions' })
    await app.ready()
    const { paths } = app.swagger()
    // OpenAPI 3 has a schema for each kind of body.
    const schemaOf = ({ schema, content }) => schema ?? content['application/json'].schema
    const routes = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, route]) => [`${method} ${path}`, route]))
    assert.deepEqual(Object.fromEntries(routes.map(([name, { tags, responses }]) => [name, [tags, Object.keys(responses)]])), {
      'get /account/sessions/': [['sessions'], ['200', '400', '401']],
      'delete /account/sessions/': [['sessions'], ['200', '401', '403']],
      'delete /account/sessions/{id}': [['sessions'], ['204', '401', '403', '404']]
    })
    const { parameters, responses } = paths['/account/sessions/'].get
    assert.deepEqual(parameters.map(({ name, in: where }) => [name, where]), [['limit', 'query'], ['cursor', 'query']])
    const { properties } = schemaOf(responses['200']).properties.sessions.items
    assert.deepEqual(Object.keys(properties), ['id', 'current', 'createdAt', 'lastAccessedAt', 'expiresAt', 'about'])
  })
}
