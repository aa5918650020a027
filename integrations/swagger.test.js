import assert from 'node:assert/strict'
import { test } from 'node:test'
import swagger from '@fastify/swagger'
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
