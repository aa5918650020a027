import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { CachedBackend } from '../../lib/cached.ts'
import { RedisBackend } from '../../lib/redis.ts'
import { createProcess, type Process } from '../helpers/processes.ts'
import { ownProxy, type Proxy } from '../helpers/proxy.ts'
import { newPrefix, redisAt } from '../helpers/redis.ts'
import { type OwnServer, ownServer } from '../helpers/servers.ts'
import { until } from '../helpers/watching.ts'

/*
 * Two processes, each with a cache, in front of one Redis. Something happens to the server, or to the connections of one of them; then
 * the other signs a user out. The first goes on for no longer than the lease, without an exception, and caches again afterwards.
 */

const LEASE_MS = 400
const SLACK_MS = 50

interface Site { readonly server: OwnServer, readonly admin: Redis, readonly proxy: Proxy }

/** What happens, and how it ends; `null` where it does by itself. */
const faults: Readonly<Record<string, (site: Site) => Promise<(() => unknown) | null>>> = {
  'CLIENT KILL of what listens': async ({ admin }) => {
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    return null
  },
  'CLIENT KILL of everything': async ({ admin }) => {
    for (const type of ['normal', 'pubsub']) await admin.call('CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes')
    return null
  },
  'a table of tracked keys that holds one': async ({ admin }) => {
    await admin.call('CONFIG', 'SET', 'tracking-table-max-keys', '1')
    return null
  },
  'a proxy that cuts': async ({ proxy }) => {
    proxy.cut()
    return null
  },
  'a proxy that swallows': async ({ proxy }) => {
    proxy.faults.isSilent = true
    return () => { proxy.heal() }
  },
  'a proxy that delays for longer than the lease': async ({ proxy }) => {
    proxy.faults.delayMs = 600
    return () => { proxy.heal() }
  }
}

async function processOn (t: Test, url: string, prefix: string): Promise<Process> {
  return await createProcess(t, new CachedBackend(new RedisBackend(redisAt(t, url), { prefix }), { lease: LEASE_MS / 1_000 }), { timeout: 0.3 })
}

const userOf = async (process: Process, cookie: string): Promise<unknown> => {
  const { status, body } = await process.request(cookie, session => session.subject)
  if (status !== 200 && status !== 503) throw new Error(`an answer of ${status}`)
  return status === 200 ? body.result : null
}

/** Waits until a session is served from memory. */
async function isCached (process: Process, cookie: string): Promise<void> {
  const hits = (): number => process.app.sessions.metrics().cache.hits
  await until(async () => {
    const before = hits()
    await userOf(process, cookie)
    return hits() > before
  }, 'nothing is served from memory')
}

for (const [name, happen] of Object.entries(faults)) {
  t.test(`nobody is signed in for longer than the lease after a logout elsewhere, whatever happened: ${name}`, async t => {
    const server = await ownServer(t, 'redis')
    const site = { server, admin: redisAt(t, server.url), proxy: await ownProxy(t, server.url) }
    const prefix = newPrefix()
    const [here, there] = [await processOn(t, site.proxy.url, prefix), await processOn(t, server.url, prefix)]
    for (let round = 0; round < 2; round++) {
      const { cookie } = await there.app.sessions.create({}, { subject: 'alice' })
      await isCached(here, cookie)
      const heal = await happen(site)
      await until(async () => (await there.request(cookie, session => session.destroy())).status === 200, 'the logout is not acknowledged')
      const since = performance.now()
      let last = 0
      while (performance.now() - since < LEASE_MS * 2) {
        const at = performance.now()
        if (await userOf(here, cookie) !== null) last = at - since
      }
      t.ok(last <= LEASE_MS + SLACK_MS, `signed in ${Math.round(last)} ms after the logout`)
      await heal?.()
    }
    const { cookie } = await there.app.sessions.create({}, { subject: 'bob' })
    await isCached(here, cookie)
  })
}

t.test('after FLUSHALL, and after a restart without data, nobody is signed in, and everything goes on', async t => {
  const server = await ownServer(t, 'redis', '--save', '', '--appendonly', 'no')
  const admin = redisAt(t, server.url)
  const here = await processOn(t, server.url, newPrefix())
  for (const end of [() => admin.flushall(), async () => { await server.kill(); await server.start() }]) {
    const { cookie } = await here.app.sessions.create({}, { subject: 'alice' })
    await isCached(here, cookie)
    await end()
    await until(async () => await userOf(here, cookie) === null, 'signed in without a record')
    await until(async () => await here.app.sessions.create({}, { subject: 'bob' }).then(() => true, () => false), 'nobody can sign in')
  }
})

t.test('an application that has closed leaves no connection of its own', async t => {
  const server = await ownServer(t, 'redis')
  const admin = redisAt(t, server.url)
  const client = redisAt(t, server.url)
  const subscribed = async (): Promise<number> => String(await admin.client('LIST')).split('\n').filter(line => line.includes(' sub=1 ')).length
  const process = await createProcess(t, new CachedBackend(new RedisBackend(client)))
  const { cookie } = await process.app.sessions.create({}, { subject: 'alice' })
  await isCached(process, cookie)
  t.equal(await subscribed(), 1)
  await process.app.close()
  await until(async () => await subscribed() === 0, 'there is a connection still')
  t.equal(client.status, 'ready', 'the client is the application\'s')
})
