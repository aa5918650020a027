import Fastify from 'fastify'
import t from 'tap'
import { createSite, kinds, loose } from '../helpers/app.ts'

async function readAlready (): Promise<Response> {
  const response = new Response('read already', { status: 201, headers: { 'x-of-it': '1' } })
  await response.text()
  return response
}

for (const kind of kinds) {
  for (const [what, make] of [['was read already', readAlready], ['is an error', () => Response.error()]] as const) {
    t.test(`${kind}: a Response that ${what} is answered as without the plugin`, async t => {
      const { app } = await createSite(t, { backend: kind })
      const bare = Fastify()
      t.teardown(() => bare.close())
      app.get('/', async request => { loose(request)['a'] = 1; return await make() })
      bare.get('/', async () => await make())
      const [ours, theirs] = [await app.inject('/'), await bare.inject('/')]
      t.strictSame([ours.statusCode, ours.headers['x-of-it'], ours.payload], [theirs.statusCode, theirs.headers['x-of-it'], theirs.payload])
    })
  }

  for (const status of [200, 201, 404]) {
    t.test(`${kind}: a Response of status ${status} keeps it and its headers, and ours join them`, async t => {
      const { app } = await createSite(t, { backend: kind })
      app.get('/', async request => {
        loose(request)['a'] = 1
        return new Response('text', { status, headers: { 'cache-control': 'public', 'x-of-it': '1' } })
      })
      const { statusCode, payload, headers } = await app.inject('/')
      t.match({ statusCode, payload, headers }, { statusCode: status, payload: 'text', headers: { 'cache-control': 'public, no-store', vary: 'Cookie', 'x-of-it': '1' } })
    })
  }
}
