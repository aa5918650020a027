import t, { type Test } from 'tap'
import { fromExpressStore } from '../../lib/express-store.ts'
import { MemoryBackend } from '../../lib/index.ts'
import type { SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { createSite } from '../helpers/app.ts'
import type { Job } from '../helpers/browser.ts'
import { cookieLines } from '../helpers/cookies.ts'
import { MinimalBackend, UntouchableBackend } from '../helpers/minimal-backend.ts'
import { newSpace, stores } from '../helpers/stores.ts'
import { DAY_MS, HOUR_MS, START } from '../helpers/times.ts'

const KEPT = { cookie: { persistent: true }, idleTimeout: '4h' }
/** A clock for backends that are made before their site. */
const clock = { now: START }

/** Goes on by the clock that it was made with. */
class UnboundBackend extends MemoryBackend {
  override bind (): this { return this }
}

class MapStore extends Map<string, any> {
  override get (id: string, done?: any): any { return done?.(null, super.get(id)) }
  override set (id: string, session: any, done?: any): this { super.set(id, session); done?.(null); return this }
  destroy (id: string, done: any): void { super.delete(id); done(null) }
}

const backends: Record<string, (t: Test) => SessionBackend | Promise<SessionBackend>> = {
  ...Object.fromEntries(Object.entries(stores).map(([name, { open }]) => [name, (t: Test) => open(t, newSpace())])),
  'a store without touch': () => new UntouchableBackend(() => clock.now),
  'a store of three methods': () => new MinimalBackend(),
  'an express-session store': () => fromExpressStore(new MapStore())
}

/** A request with a due renewal that only reads, while `other` runs as a whole in a second tab. */
async function beside (t: Test, backend: SessionBackend, other: Job, url = '/') {
  const site = await createSite(t, { backend, now: () => clock.now, ...KEPT })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const tab = browser.copy()
  clock.now += 2 * HOUR_MS
  const response = await browser.run(async ({ session }) => {
    await tab.run(other, url)
    return session.a
  })
  return { site, browser, tab, response }
}

for (const [name, open] of Object.entries(backends)) {
  for (const [ending, other] of Object.entries<Job>({
    'login()': ({ session }) => session.login('ann'),
    'destroy()': ({ session }) => session.destroy(),
    'clear()': ({ session }) => session.clear()
  })) {
    t.test(`a renewal beside ${ending} sends no cookie of the session that is gone (${name})`, async t => {
      const { response, site } = await beside(t, await open(t), other)
      t.strictSame(cookieLines(response), [])
      t.match(site.events.at(-1), { type: 'conflict', reason: 'gone' })
    })
  }

  t.test(`a renewal beside a passive request that writes moves the deadline all the same (${name})`, async t => {
    const { browser } = await beside(t, await open(t), ({ session }) => { session.b = 1 }, '/passive')
    await browser.run(({ session }) => {
      t.strictSame([session.data(), session.expiresAt.getTime()], [{ a: 1, b: 1 }, clock.now + 4 * HOUR_MS])
    }, '/passive')
  })

  t.test(`a passive request that writes does not undo a renewal (${name})`, async t => {
    const site = await createSite(t, { backend: await open(t), now: () => clock.now, ...KEPT })
    const browser = site.browser()
    await browser.run(({ session }) => { session.a = 1 })
    const tab = browser.copy()
    clock.now += 2 * HOUR_MS
    await browser.run(async ({ session }) => {
      await tab.run(({ session }) => session.a)
      session.b = 1
    }, '/passive')
    await browser.run(({ session }) => { t.strictSame([session.b, session.expiresAt.getTime()], [1, clock.now + 4 * HOUR_MS]) }, '/passive')
  })

  t.test(`a renewal beside setLifetime() follows the lifetime that is stored (${name})`, async t => {
    const { response, tab } = await beside(t, await open(t), ({ session }) => { session.setLifetime({ persistent: false }) })
    t.notMatch(cookieLines(response).join(), /Max-Age/)
    await tab.run(({ session }) => { t.equal(session.expiresAt.getTime(), clock.now + 4 * HOUR_MS) })
  })
}

for (const [name, open] of Object.entries(backends)) {
  t.test(`touch() beside a request that writes moves the deadline, whichever is stored last (${name})`, async t => {
    for (const isTouchLast of [false, true]) {
      const site = await createSite(t, { backend: await open(t), now: () => clock.now, ...KEPT })
      const browser = site.browser()
      await browser.run(({ session }) => { session.a = 1 })
      const tab = browser.copy()
      clock.now += HOUR_MS / 2
      const jobs: [Job, Job] = [({ session }) => { session.b = 1 }, ({ session }) => { session.touch() }]
      const [last, first] = isTouchLast ? [jobs[1], jobs[0]] : jobs
      await browser.run(async (request, reply) => {
        await tab.run(first)
        await last(request, reply)
      })
      await browser.run(({ session }) => {
        t.strictSame([session.b, session.expiresAt.getTime()], [1, clock.now + 4 * HOUR_MS])
      }, '/passive')
    }
  })
}

t.test('a session that ends after a renewal was told of a later version is gone', async t => {
  class Hurried extends UnboundBackend {
    override touch (id: string): null {
      this.remove(id)
      return null
    }
  }
  const { response, site } = await beside(t, new Hurried(), () => {})
  t.strictSame(cookieLines(response), [])
  t.match(site.events.at(-1), { type: 'conflict', reason: 'gone' })
})

t.test('a renewal that was told of a later version, where the version stands all the same, counts as done', async t => {
  class Mistaken extends UnboundBackend {
    override touch (): null { return null }
  }
  const { response, site } = await beside(t, new Mistaken(), () => {})
  t.equal(cookieLines(response).length, 1)
  t.match(site.events.at(-1), { type: 'renewed' })
})

t.test('a renewal of what has come to its absolute deadline meanwhile sends no cookie, in a store that keeps it longer', async t => {
  const backend = new UnboundBackend({}, { property: '', now: () => START, spaces: new Map() })
  const site = await createSite(t, { backend, ...KEPT, absoluteTimeout: '4h' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const response = await browser.run(({ session }) => {
    site.clock.now += 4 * HOUR_MS
    session.touch()
  })
  t.strictSame(cookieLines(response), [])
})

t.test('a renewal beside ever other writers ends, with what they have stored', async t => {
  const memory = new MemoryBackend()
  let touches = 0
  const backend: SessionBackend = Object.create(memory, {
    bind: { value: () => backend },
    read: { value: (id: string) => memory.read(id) },
    write: { value: (id: string, record: SessionRecord, expected?: number) => memory.write(id, record, expected) },
    touch: {
      value (id: string) {
        const record = memory.read(id)!
        memory.write(id, { ...record, version: ++touches, data: `{"a":${touches}}` })
        return null
      }
    }
  })
  const site = await createSite(t, { backend })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 0 })
  site.clock.now += 10 * DAY_MS
  await browser.run(({ session }) => session.a)
  t.equal(touches, 10)
  t.match(site.events.at(-1), { type: 'renewed' })
})
