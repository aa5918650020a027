import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { build } from './apps/mercurius.js'
import { Browser, setCookies } from './helpers/site.js'

async function client (t) {
  const app = await build()
  t.after(() => app.close())
  const browser = new Browser(app)
  const ask = query => browser.post('/graphql', { query })
  return { app, browser, ask, data: async query => (await ask(query)).json().data }
}

test('resolvers find the session in their context, and a mutation signs in and out', async t => {
  const { ask, data } = await client(t)
  assert.deepEqual(await data('{ me basket }'), { me: null, basket: [] })
  const answer = await ask('mutation { signIn(name: "ann") }')
  assert.equal(setCookies(answer).length, 1)
  assert.deepEqual(await data('mutation { tea: add(product: "tea") milk: add(product: "milk") }'), { tea: 1, milk: 2 })
  assert.deepEqual(await data('{ me basket }'), { me: 'ann', basket: ['tea', 'milk'] })
  await data('mutation { signOut }')
  assert.deepEqual(await data('{ me }'), { me: null })
})

test('a query that leaves the session alone sets no cookie', async t => {
  const { ask } = await client(t)
  assert.deepEqual(setCookies(await ask('{ __typename }')), [])
})

test('parallel mutations of one session keep what each has changed', async t => {
  const { data } = await client(t)
  await data('mutation { signIn(name: "ann") }')
  await data('mutation { add(product: "bread") }')
  await Promise.all(['tea', 'milk', 'eggs'].map(product => data(`mutation { add(product: "${product}") }`)))
  assert.deepEqual((await data('{ basket }')).basket.sort(), ['bread', 'eggs', 'milk', 'tea'])
})

test('a subscription opens the session of its upgrade', async t => {
  const { app, browser, data } = await client(t)
  await data('mutation { signIn(name: "ann") }')
  const address = (await app.listen({ port: 0, host: '127.0.0.1' })).replace('http', 'ws')
  const socket = new WebSocket(`${address}/graphql`, 'graphql-transport-ws', { headers: { cookie: browser.header } })
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'connection_init' }))
  await once(socket, 'message')
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: 'subscription { added }' } }))
  // Answered in order: the pong says that the subscription stands.
  socket.send(JSON.stringify({ type: 'ping' }))
  await once(socket, 'message')
  const [[message]] = await Promise.all([once(socket, 'message'), data('mutation { add(product: "tea") }')])
  assert.deepEqual(JSON.parse(message).payload.data, { added: 'tea' })
  socket.close()
  await once(socket, 'close')
})
