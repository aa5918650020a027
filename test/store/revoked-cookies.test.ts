import t from 'tap'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { LongestLife } from '../../lib/store/longest-life.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import type { SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { createSite } from '../helpers/app.ts'
import { Gate, stayAlive } from '../helpers/gate.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { newRecord } from '../helpers/records.ts'
import { DAY_MS, HOUR_MS } from '../helpers/times.ts'

/** An atomic backend of somebody else: three methods, and no record where a write is refused. */
class PlainBackend implements SessionBackend {
  readonly atomic = true
  readonly records = new Map<string, SessionRecord>()
  /** Refuses the next write of a record that is not there, and keeps nothing. */
  isWrong = false

  read (id: string): SessionRecord | null { return this.records.get(id) ?? null }
  remove (id: string): void { this.records.delete(id) }

  write (id: string, record: SessionRecord, expectedVersion?: number): string | null {
    const version = this.records.get(id)?.version ?? 0
    if (version === record.version) return id
    if (this.isWrong || (expectedVersion !== undefined && expectedVersion !== version)) return null
    this.records.set(id, record)
    return id
  }
}

t.test('a backend with three methods keeps endings too', async t => {
  const revocation = new PlainBackend()
  const create = async () => await createSite(t, { backend: new CookieBackend({ revocation, staleness: '5s' }) })
  const [here, elsewhere] = [await create(), await create()]
  for (const end of ['destroy', 'revoke', 'revokeSubject'] as const) {
    const browser = here.browser()
    await browser.run(({ session }) => session.login('ada', { a: 1 }))
    const copy = browser.copy()
    // A process that has not heard of the longest life, when another one makes it longer.
    elsewhere.clock.now = here.clock.now
    const { id } = await elsewhere.app.sessions.open(browser.header)
    if (end === 'destroy') await browser.run(({ session }) => session.destroy())
    else await elsewhere.app.sessions[end](end === 'revoke' ? id : 'ada')
    await elsewhere.app.sessions.revoke(id)
    here.clock.now += 5_000
    t.strictSame(await copy.data(), {}, end)
  }
})

t.test('a backend that refuses an ending for no reason counts as one that knows of it', async t => {
  const revocation = new PlainBackend()
  const site = await createSite(t, { backend: new CookieBackend({ revocation }) })
  const browser = site.browser()
  await browser.run(({ session }) => session.login('ada'))
  revocation.isWrong = true
  t.equal((await browser.attempt(({ session }) => session.regenerateId())).statusCode, 409)
})

t.test('an ending between the load and the first text of a longer life is found before the text is sealed', async t => {
  const revocation = new FaultyBackend(new MemoryBackend())
  const create = async () => await createSite(t, { backend: new CookieBackend({ revocation, staleness: '1h' }) })
  const [here, elsewhere] = [await create(), await create()]
  const browser = here.browser()
  await browser.run(({ session }) => { session.a = 1 })
  revocation.mute()
  const far = elsewhere.browser().take(browser)
  const gate = new Gate()
  const late = far.attempt(async ({ session }) => {
    session.a = 2
    await gate.pass()
    session.setLifetime({ idleTimeout: '60d', absoluteTimeout: '90d' })
  })
  await gate.reached
  await browser.run(({ session }) => session.destroy())
  gate.open()
  t.equal((await late).headers['set-cookie'], undefined)
})

t.test('while the store of endings is down, its breaker opens, and the log names it', async t => {
  const revocation = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend: new CookieBackend({ revocation }) })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  site.clock.now += HOUR_MS
  revocation.mute().fail('read')
  for (let n = 0; n < 6; n++) t.equal((await browser.attempt(({ session }) => session.data())).statusCode, 503)
  t.ok(site.warnings().some(message => message.startsWith('FaultyBackend is down')))
  t.match(site.events.filter(({ type, reason }) => type === 'unavailable' && reason === 'open'), [{}])
})

t.test('options without which endings could not be kept are refused', async t => {
  const refused = (options: object, message: RegExp): void => {
    t.throws(() => new CookieBackend(options), { code: 'SES_INVALID_OPTIONS', message })
  }
  refused({ staleness: '5s' }, /`CookieBackend.staleness` to be left out without `revocation`/)
  refused({ revocation: {} }, /`CookieBackend.revocation` to be an atomic session backend on a server/)
  refused({ revocation: new CookieBackend() }, /a cookie cannot say that it was ended/)
  refused({ revocation: new MinimalBackend() }, /does not compare and set/)
  refused({ revocation: new MemoryBackend(), staleness: 'soon' }, /`CookieBackend.staleness`/)
})

t.test('a figure that others change all the time is raised as often as it can be', async t => {
  let writes = 0
  const store = {
    * read () { return newRecord({ data: '', policy: { idleTimeout: 1 } }) },
    * put () { writes++; return { written: false, theirs: null } }
  }
  const longest = new LongestLife({ property: 'session', now: () => 0 } as never, store as never)
  const flow = longest.grow(DAY_MS)
  t.strictSame(flow.next(), { done: true, value: true })
  t.equal(writes, 10)
  t.equal(longest.ms, 1)
})

t.test('what is no figure counts as none', async t => {
  const store = { * read () { return newRecord({ data: '' }) } }
  const longest = new LongestLife({ property: 'session', now: () => 0 } as never, store as never)
  t.strictSame(longest.hasGrown().next(), { done: true, value: false })
})

t.test('a session that was just begun is heard of too', async t => {
  const revocation = new MemoryBackend()
  const site = await createSite(t, { backend: new CookieBackend({ revocation }) })
  await site.browser().run(async ({ session }) => {
    const { signal } = session
    session.a = 1
    await session.save()
    await site.app.sessions.revokeAll()
    await new Promise(resolve => { setImmediate(resolve) })
    t.equal(signal.aborted, true)
  })
})

t.test('while somebody waits for the end of a cookie session, the line to the store of endings is asked about', async t => {
  stayAlive(t)
  const questions = { count: 0 }
  const revocation = Object.assign(new PlainBackend(), {
    watch: () => ({ get isLive () { questions.count++; return true }, close () {} })
  })
  const site = await createSite(t, { backend: new CookieBackend({ revocation }) })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const session = await site.app.sessions.open(browser.header)
  t.notOk(session.signal.aborted)
  const before = questions.count
  while (questions.count === before) await new Promise(resolve => { setImmediate(resolve) })
  t.notOk(session.signal.aborted)
})
