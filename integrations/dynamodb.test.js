import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'
import Fastify from 'fastify'
import sessions from 'fastsessions'
import { testBackend } from 'fastsessions/testing'
import { DynamoBackend } from './apps/dynamodb-backend.js'
import { addAccount, Browser } from './helpers/site.js'

/** A DynamoDB in this process, with a table. */
async function database () {
  const server = dynalite({ createTableMs: 0 }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${server.address().port}`
  const client = new DynamoDBClient({ endpoint, region: 'local', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } })
  await client.send(new CreateTableCommand({
    TableName: 'sessions',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }]
  }))
  const close = async () => {
    client.destroy()
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  }
  return { client, close }
}

const { client, close } = await database()
test.after(close)
let backends = 0

test('the backend keeps what testBackend asks for', async t => {
  await testBackend(t, () => new DynamoBackend(client, 'sessions', { prefix: `${backends++}:` }), { maxDataBytes: 390_000 })
})

test('an application uses it, and a table that is missing stops the start', async t => {
  const app = Fastify()
  t.after(() => app.close())
  await app.register(sessions, { backend: new DynamoBackend(client, 'sessions') })
  await addAccount(app)
  const browser = new Browser(app)
  await browser.post('/sign-in/ann')
  assert.equal((await browser.get('/me')).body, 'ann')
  await browser.post('/sign-out')
  assert.equal((await browser.get('/me')).statusCode, 401)

  const other = Fastify()
  t.after(() => other.close())
  const backend = new DynamoBackend(client, 'missing')
  await assert.rejects(async () => await other.register(sessions, { backend }), /create it with the key/)
})
