import { once } from 'node:events'
import t from 'tap'
import { MemoryBackend, type Session } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import type { AnyRequest, Browser } from '../helpers/browser.ts'
import { createSite, kinds, type Site } from '../helpers/app.ts'
import { Gate, settled, stayAlive } from '../helpers/gate.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'

const IDLE_MS = 14 * 86_400_000

/** A request of the browser that goes on until the gate opens, and its signal. */
async function listening (browser: Browser, gate = new Gate()) {
  let signal: AbortSignal | undefined
  const answer = browser.copy().run(async ({ session }) => {
    signal = session.signal
    await gate.pass()
  })
  await gate.reached
  return { signal: signal!, gate, answer }
}

/** What ends a session in a request of its own. */
const endings: Readonly<Record<string, (request: AnyRequest) => unknown>> = {
  'destroy()': ({ session }) => session.destroy(),
  'login()': ({ session }) => session.login('ann'),
  'regenerate()': ({ session }) => session.regenerate(),
  'regenerateId()': ({ session }) => session.regenerateId(),
  'reauthenticate()': ({ session }) => session.reauthenticate(),
  'dropping all of its data': ({ session }) => { session.clear() }
}

/** What ends a session from outside. */
const revocations: Readonly<Record<string, (site: Pick<Site, 'app'>, id: string) => unknown>> = {
  'revoke()': ({ app }, id) => app.sessions.revoke(id),
  'revokeSubject()': ({ app }) => app.sessions.revokeSubject('ada'),
  'revokeLabel()': ({ app }) => app.sessions.revokeLabel('tenant'),
  'revokeAll()': ({ app }) => app.sessions.revokeAll()
}

/** Two nodes with one store, whose reports can be muted. */
async function createNodes (t: Parameters<typeof createSite>[0]) {
  const backend = new FaultyBackend(new MemoryBackend())
  return { backend, site: await createSite(t, { backend }), elsewhere: await createSite(t, { backend }) }
}

async function signedIn (site: Pick<Site, 'browser'>) {
  const browser = site.browser()
  const { body: id } = await browser.run(async ({ session }) => {
    await session.login('ada', { a: 1 }, { labels: ['tenant'] })
    return session.id
  })
  return { browser, id }
}

for (const kind of kinds) {
  for (const [name, end] of Object.entries(endings)) {
    t.test(`signals of other requests abort at once with ${name} on this node (${kind})`, async t => {
      const site = await createSite(t, { backend: kind })
      const { browser } = await signedIn(site)
      const { signal, gate, answer } = await listening(browser)
      t.equal(signal.aborted, false)
      await browser.run(end)
      t.equal(signal.aborted, true)
      t.match(signal.reason, { code: 'SES_DESTROYED' })
      gate.open()
      await answer
    })
  }

  t.test(`with a new id the old signal aborts and the session has a new one (${kind})`, async t => {
    const site = await createSite(t, { backend: kind })
    const { browser } = await signedIn(site)
    await browser.run(async ({ session }) => {
      const old = session.signal
      t.equal(session.signal, old, 'the same for as long as the id is')
      await session.regenerateId()
      t.equal(old.aborted, true)
      t.equal(session.signal.aborted, false)
      await session.destroy()
      t.equal(session.signal.aborted, true)
    })
  })

  t.test(`a session that was never stored has a signal too, which goes on after the first save (${kind})`, async t => {
    const site = await createSite(t, { backend: kind })
    await site.browser().run(async request => {
      const { signal } = request.session
      request.session.a = 1
      await request.session.save()
      t.equal(request.session.signal, signal)
      t.equal(signal.aborted, false)
      await request.session.destroy()
      t.equal(signal.aborted, true)
    })
  })

  t.test(`an object that regenerate() left behind has an aborted signal (${kind})`, async t => {
    const site = await createSite(t, { backend: kind })
    const { browser } = await signedIn(site)
    await browser.run(async request => {
      const old: Session = request.session
      await request.session.regenerate()
      t.equal(old.signal.aborted, true)
      t.equal(request.session.signal.aborted, false)
    })
  })

  t.test(`nothing aborts a signal once its response is closed (${kind})`, async t => {
    const site = await createSite(t, { backend: kind })
    const { browser } = await signedIn(site)
    const { signal, gate, answer } = await listening(browser)
    gate.open()
    await answer
    await settled()
    await browser.run(({ session }) => session.destroy())
    t.equal(signal.aborted, false)
  })

  t.test(`reading the signal stores nothing (${kind})`, async t => {
    const site = await createSite(t, { backend: kind })
    const response = await site.browser().run(({ session }) => session.signal.aborted)
    t.equal(response.headers['set-cookie'], undefined)
    t.strictSame(site.operations().filter(operation => operation !== 'watch'), [])
  })
}

for (const [name, revoke] of Object.entries(revocations)) {
  t.test(`${name} aborts signals on this node and on others`, async t => {
    const { site: here, elsewhere } = await createNodes(t)
    const { browser, id } = await signedIn(here)
    const held = await listening(browser)
    const far = elsewhere.browser().take(browser)
    const heldFar = await listening(far)
    await revoke(here, id)
    await Promise.all([held, heldFar].map(async ({ signal }) => signal.aborted || await once(signal, 'abort')))
    for (const { gate, answer } of [held, heldFar]) {
      gate.open()
      await answer
    }
    t.pass('all have aborted')
  })
}

t.test('a backend that cannot watch ends signals of this node only', async t => {
  const backend = new MinimalBackend()
  const site = await createSite(t, { backend })
  const { browser } = await signedIn(site)
  const { signal, gate, answer } = await listening(browser)
  await browser.run(({ session }) => session.destroy())
  t.equal(signal.aborted, true)
  gate.open()
  await answer
})

t.test('nothing is watched for sessions that nobody asks about', async t => {
  const site = await createSite(t, { backend: 'memory' })
  await site.browser().run(({ session }) => { session.a = 1 })
  t.notOk(site.operations().includes('watch'))
})

t.test('changes of the session abort no signal', async t => {
  const { site, elsewhere } = await createNodes(t)
  const { browser } = await signedIn(site)
  const { signal, gate, answer } = await listening(browser)
  const far = elsewhere.browser().take(browser)
  await far.run(({ session }) => { session.a = 2 })
  await settled()
  t.equal(signal.aborted, false)
  gate.open()
  await answer
})

t.test('what a request finds ended aborts the signals of the session, also where the backend reports nothing', async t => {
  const { backend, site, elsewhere } = await createNodes(t)
  const { browser, id } = await signedIn(site)
  const { signal, gate, answer } = await listening(browser)
  backend.mute()
  await elsewhere.app.sessions.revoke(id)
  await settled()
  t.equal(signal.aborted, false, 'not heard of')
  await browser.run(({ session }) => session.isNew)
  t.equal(signal.aborted, true)
  gate.open()
  await answer
})

t.test('after a lost line every signal is looked at again', async t => {
  const { backend, site, elsewhere } = await createNodes(t)
  const { browser, id } = await signedIn(site)
  const other = await listening((await signedIn(site)).browser)
  const { signal, gate, answer } = await listening(browser)
  backend.mute()
  await elsewhere.app.sessions.revoke(id)
  backend.heal()
  if (!signal.aborted) await once(signal, 'abort')
  t.equal(other.signal.aborted, false, 'the others go on')
  for (const held of [{ gate, answer }, other]) {
    held.gate.open()
    await held.answer
  }
})

for (const kind of kinds) {
  t.test(`a signal aborts at the deadline (${kind})`, async t => {
    stayAlive(t)
    const site = await createSite(t, { backend: kind, idleTimeout: IDLE_MS / 1_000, absoluteTimeout: IDLE_MS / 1_000 })
    const { browser } = await signedIn(site)
    const { signal, gate, answer } = await listening(browser)
    site.clock.now += IDLE_MS
    await once(signal, 'abort')
    gate.open()
    await answer
    t.pass('it has')
  })
}

t.test('a session that was used meanwhile outlives the deadline that it had', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const { browser } = await signedIn(site)
  const { signal, gate, answer } = await listening(browser)
  site.backend.mute()
  site.clock.now += IDLE_MS - 1
  await browser.run(({ session }) => session.data())
  site.operations()
  site.clock.now += 2
  while (!site.operations().includes('read')) await new Promise(resolve => { setImmediate(resolve) })
  await settled()
  t.equal(signal.aborted, false)
  gate.open()
  await answer
})

t.test('open() gives a signal, which aborts as those of requests do', async t => {
  const site = await createSite(t, { backend: 'memory' })
  const { browser, id } = await signedIn(site)
  const { signal } = await site.app.sessions.open(browser.header)
  await site.app.sessions.revoke(id)
  t.equal(signal.aborted, true)
})
