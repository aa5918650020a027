// Uses sessions end to end, over HTTP, in each of the stores that the arguments name: program.js memory cookie redis sql node:sqlite file
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import sessions, { CookieBackend, MemoryBackend } from 'fastsessions'

/** Each returns a backend, and how to close what the backend uses. */
const stores = {
  memory: async () => ({ backend: new MemoryBackend() }),
  cookie: async () => ({ backend: new CookieBackend() }),
  async file () {
    const { FileBackend } = await import('fastsessions/file')
    return { backend: new FileBackend({ directory: mkdtempSync(join(tmpdir(), 'sessions-')) }) }
  },
  async redis () {
    const [{ Redis, default: Default }, { RedisBackend }] = await Promise.all([import(process.env.REDIS), import('fastsessions/redis')])
    // The first versions of ioredis 5 have no name for their class.
    const client = new (Redis ?? Default)(process.env.REDIS_URL)
    return { backend: new RedisBackend(client, { prefix: `${process.env.OWN}:` }), close: () => client.quit() }
  },
  async sql () {
    const [{ Kysely, PostgresDialect }, { default: pg }, { createSessionTable, DatabaseBackend }] =
      await Promise.all([import('kysely'), import('pg'), import('fastsessions/database')])
    const db = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: process.env.SQL_URL }) }) })
    const table = `sessions_${process.env.OWN}`
    await createSessionTable(db, { table })
    return { backend: new DatabaseBackend(db, { table }), close: () => db.destroy() }
  },
  async 'node:sqlite' () {
    const [{ Kysely, SqliteDialect }, { DatabaseSync }, { createSessionTable, DatabaseBackend }] =
      await Promise.all([import('kysely'), import('node:sqlite'), import('fastsessions/database')])
    const database = new DatabaseSync(join(mkdtempSync(join(tmpdir(), 'sessions-')), 'sessions.db'))
    // Kysely's dialect is made for better-sqlite3, which takes the values in an array.
    const prepare = text => {
      const statement = database.prepare(text)
      return { reader: statement.columns().length > 0, all: values => statement.all(...values), run: values => statement.run(...values) }
    }
    const db = new Kysely({ dialect: new SqliteDialect({ database: { prepare, close: () => database.close() } }) })
    await createSessionTable(db)
    return { backend: new DatabaseBackend(db, { pool: database }), close: () => db.destroy() }
  }
}

for (const name of process.argv.slice(2)) await use(name)

async function use (name) {
  const { backend, close } = await stores[name]()
  const app = Fastify()
  await app.register(sessions, { backend, secret: 's'.repeat(32) })
  app.get('/visit', async ({ session }) => {
    session.visits = (session.visits ?? 0) + 1
    session.basket ??= {}
    return { visits: session.visits }
  })
  app.post('/add/:product', async ({ session, params }) => {
    session.basket[params.product] = 1
  })
  app.post('/count', async ({ session }) => { await session.transaction(data => { data.count = (data.count ?? 0) + 1 }) })
  app.get('/data', async ({ session }) => session.data())
  app.post('/sign-in', async ({ session }) => { await session.login('ann') })
  app.get('/me', { config: { session: { required: 'subject' } } }, async ({ session }) => session.subject)
  app.post('/sign-out', async ({ session }) => { await session.destroy() })
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  try {
    await walk(client(address), app, name === 'cookie')
  } catch (error) {
    console.error(`with sessions in ${name}:`)
    throw error
  } finally {
    await app.close()
    await close?.()
  }
}

/** What a user does, and what must come of it. */
async function walk ({ ask, browser }, app, isSelfContained) {
  const user = browser()
  assert.deepEqual([(await user('/visit')).body, (await user('/visit')).body], ['{"visits":1}', '{"visits":2}'])
  assert.equal((await user('/me')).status, 401)
  const guest = user.cookie
  await user('/sign-in', 'POST')
  assert.notEqual(user.cookie, guest)
  assert.equal((await user('/me')).body, 'ann')
  assert.equal((await ask('/me', 'GET', `${user.cookie.slice(0, -1)}!`)).status, 401)
  if (!isSelfContained) await stress(user, app)
  const signedIn = user.cookie
  await user('/sign-out', 'POST')
  assert.equal((await user('/me')).status, 401)
  if (!isSelfContained) assert.equal((await ask('/me', 'GET', signedIn)).status, 401)
}

async function stress (user, app) {
  const products = Array.from({ length: 20 }, (_, n) => `p${n}`)
  await Promise.all(products.flatMap(product => [user(`/add/${product}`, 'POST'), user('/count', 'POST')]))
  const { basket, count, visits } = JSON.parse((await user('/data')).body)
  assert.deepEqual([Object.keys(basket).length, count, visits], [20, 20, 2])
  assert.equal(await app.sessions.count({ subject: 'ann' }), 1)
  const { cookie } = await app.sessions.create({}, { subject: 'ann' })
  const elsewhere = user.with(cookie)
  assert.equal((await elsewhere('/me')).body, 'ann')
  const { sessions: found } = await app.sessions.list({ subject: 'ann' })
  const { id } = found.find(({ data }) => data.count === 20)
  assert.equal(await app.sessions.revokeSubject('ann', { except: id }), 1)
  assert.equal((await elsewhere('/me')).status, 401)
  assert.equal((await user('/me')).body, 'ann')
}

function client (address) {
  const ask = async (path, method, cookie) => {
    const response = await fetch(address + path, { method, headers: { cookie } })
    return { status: response.status, body: await response.text(), lines: response.headers.getSetCookie() }
  }
  const browser = (cookie = '') => {
    const visit = async (path, method = 'GET') => {
      const answer = await ask(path, method, visit.cookie)
      for (const line of answer.lines) visit.cookie = line.split(';')[0]
      return answer
    }
    return Object.assign(visit, { cookie, with: browser })
  }
  return { ask, browser }
}
