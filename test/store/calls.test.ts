import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import { type BackendCall, type BackendUnavailableError, CookieBackend, MemoryBackend, type SessionBackend, type SessionRecord } from '../../lib/index.ts'
import { BackendCalls } from '../../lib/store/calls.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { Deadlines } from '../../lib/tools/deadlines.ts'
import { run } from '../../lib/tools/flow.ts'
import { createSite, SECRET } from '../helpers/app.ts'
import { settled } from '../helpers/gate.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { newSpace, stores } from '../helpers/stores.ts'
import { DAY_MS } from '../helpers/times.ts'

const PAYLOAD = '4111 1111 1111 1111'
const CHANNELS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const

interface Told { readonly channel: typeof CHANNELS[number], readonly call: BackendCall }

/** What subscribers of a tracing channel are told until the end of the test. */
function tracing (t: Test, name = 'fastsessions:backend'): Told[] {
  const told: Told[] = []
  const listeners = Object.fromEntries(CHANNELS.map(channel => [channel, (call: unknown) => { told.push({ channel, call: call as BackendCall }) }]))
  const channel = tracingChannel(name)
  channel.subscribe(listeners as never)
  t.teardown(() => { channel.unsubscribe(listeners as never) })
  return told
}

/** The methods that were called since the last time, each with the channels that told it. */
function methodsIn (told: Told[]): string[] {
  const all = told.splice(0)
  const calls = [...new Set(all.map(({ call }) => call))]
  return calls.map(call => [call.operation, ...all.filter(other => other.call === call).map(({ channel }) => channel)].join(' '))
}

const AT_ONCE = 'start end'
const LATER = 'start end asyncStart asyncEnd'

for (const [name, pace] of [['memory', AT_ONCE], ['redis', LATER]] as const) {
  t.test(`${name}: each method that is called is told by its name, with the id of the session`, async t => {
    const backend = await stores[name]!.open(t, newSpace())
    const told = tracing(t)
    const site = await createSite(t, { backend, renewAfter: 0 })
    const browser = site.browser()
    const { sessions } = site.app
    const after = async (action: () => unknown): Promise<string[]> => {
      methodsIn(told)
      await action()
      return [...new Set(methodsIn(told))]
    }
    t.strictSame(methodsIn(told), backend.prepare === undefined ? [] : [`prepare ${LATER}`])
    const id = (await browser.run(({ session }) => { session.a = 1; return session.id })).body
    t.match(told[0], { call: { property: 'session', backend: backend.constructor.name, operation: 'write', id } })
    site.clock.now += 1_000
    t.strictSame(await after(() => browser.run(({ session }) => session.a)), [`read ${pace}`, `touch ${pace}`])
    t.strictSame(await after(() => sessions.exists(id)), [`exists ${pace}`, `read ${pace}`])
    t.strictSame(await after(() => sessions.list()), [`list ${pace}`])
    t.strictSame(await after(() => sessions.count()), [`count ${pace}`])
    t.strictSame(await after(() => sessions.removeExpired()), [`removeExpired ${AT_ONCE}`], 'Redis expires by itself')
    t.strictSame(await after(() => sessions.revokeSubject('ann')), [`write ${pace}`, `removeSubject ${pace}`])
    t.strictSame(await after(() => sessions.revokeAll()), [`removeAll ${pace}`])
  })
}

t.test('cookie: reads and writes are told without an id, which is the cookie\'s text', async t => {
  const told = tracing(t)
  const browser = (await createSite(t, { backend: new CookieBackend() })).browser()
  await browser.run(({ session }) => { session.card = PAYLOAD })
  await browser.run(({ session }) => session.card)
  t.strictSame([...new Set(told.map(({ call }) => call))], [
    { property: 'session', backend: 'CookieBackend', operation: 'write', id: null, result: undefined },
    { property: 'session', backend: 'CookieBackend', operation: 'read', id: null, result: undefined }
  ])
  t.strictSame(methodsIn(told), [`write ${AT_ONCE}`, `read ${AT_ONCE}`])
})

t.test('what other backends are asked for is told by its name too', async t => {
  class Labelled extends MinimalBackend {
    readonly atomic = true
    prepare () {}
    removeLabel () { return 0 }
  }
  const told = tracing(t)
  const site = await createSite(t, { backend: new Labelled() })
  await site.app.sessions.revokeLabel('tenant:1')
  t.strictSame(methodsIn(told), [`prepare ${AT_ONCE}`, `write ${AT_ONCE}`, `removeLabel ${AT_ONCE}`])
  const plain = await createSite(t, { backend: new MinimalBackend() })
  const browser = plain.browser()
  await browser.run(({ session }) => { session.a = 1 })
  methodsIn(told)
  await browser.run(({ session }) => session.destroy())
  t.strictSame(methodsIn(told), [`read ${AT_ONCE}`, `remove ${AT_ONCE}`])
})

t.test('nothing that is told has data, a token, or what a driver says of them', async t => {
  for (const kind of ['memory', 'cookie'] as const) {
    const told = tracing(t)
    const site = await createSite(t, { backend: kind })
    const browser = site.browser()
    await browser.run(({ session }) => { session.card = PAYLOAD })
    await browser.run(({ session }) => { session.b = 1 })
    const [token] = browser.cookies.values()
    for (const operation of ['read', 'write'] as const) {
      // A driver's error has the command on it.
      site.backend.before(operation, ({ id }) => { throw Object.assign(new Error(`for ${id}`), { command: [PAYLOAD, token] }) })
      await browser.attempt(({ session }) => { session.b = 2 })
      site.backend.heal()
    }
    t.ok(told.some(({ call }) => call.error !== undefined))
    const seen = inspect(told, { depth: 9, showHidden: true })
    for (const secret of [PAYLOAD, token!]) t.notOk(seen.includes(secret), kind)
  }
})

t.test('a driver\'s error that quotes the record of a renewal is told without the payload', async t => {
  class Talkative extends MinimalBackend {
    readonly atomic = true
    touch (_id: string, record: SessionRecord): boolean { throw new Error(`cannot renew ${record.data}`) }
  }
  const told = tracing(t)
  const site = await createSite(t, { backend: new Talkative() })
  const browser = site.browser()
  await browser.run(({ session }) => { session.card = PAYLOAD })
  site.clock.now += 7 * DAY_MS
  await browser.attempt(({ session }) => session.card)
  t.match(told.at(-1), { channel: 'end', call: { operation: 'touch', error: { message: 'cannot renew [payload]' } } })
})

t.test('channels follow each other as with traceSync and tracePromise of Node', async t => {
  const calls = new BackendCalls(new MemoryBackend(), 'session', 'MemoryBackend')
  const ours = tracing(t)
  const ofNode = tracing(t, 'as Node does it')
  const node = tracingChannel('as Node does it')
  const failure = new Error('on purpose')
  const attempt = async (job: () => unknown): Promise<unknown> => {
    try { return await job() } catch (error) { return error }
  }
  for (const send of [() => null, () => { throw failure }]) {
    await attempt(() => run(calls.make('read', 'a', send, null), new Deadlines(1_000, () => failure)))
    await attempt(() => node.traceSync(send, {}))
  }
  for (const send of [async () => null, async () => { throw failure }]) {
    await attempt(() => run(calls.make('read', 'a', send, null), new Deadlines(1_000, () => failure)))
    await attempt(() => node.tracePromise(send, {}))
  }
  const channels = (told: Told[]) => told.map(({ channel }) => channel)
  t.strictSame(channels(ours), channels(ofNode))
  t.equal(ours.length, 2 + 3 + 4 + 5)
})

t.test('a call is over where it has a result or an error; what is no number and no boolean is left out', async t => {
  const calls = new BackendCalls(new MemoryBackend(), 'session', 'MemoryBackend')
  const told = tracing(t)
  const isOver = async (answer: unknown): Promise<unknown[]> => {
    told.splice(0)
    await run(calls.make('read', 'a', () => answer, null), new Deadlines(1_000, () => new Error('late')))
    return told.map(({ channel, call }) => channel === 'end' || channel === 'asyncEnd' ? call.result : null)
  }
  for (const harmless of [3, true, false, null]) t.strictSame(await isOver(harmless), [null, harmless])
  for (const secret of [{ data: PAYLOAD }, PAYLOAD, undefined]) t.strictSame(await isOver(secret), [null, undefined])
  const seen: boolean[] = []
  const look = (call: unknown) => { seen.push('result' in (call as object)) }
  const { end, asyncEnd } = tracingChannel('fastsessions:backend')
  for (const channel of [end, asyncEnd]) {
    channel.subscribe(look)
    t.teardown(() => channel.unsubscribe(look))
  }
  await isOver(null)
  await isOver(Promise.resolve(null))
  t.strictSame(seen, [true, false, true])
})

t.test('a call that is not answered in time ends with an error, once', async t => {
  const told = tracing(t)
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend, timeout: 0.02 })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  methodsIn(told)
  let answer: () => void = () => {}
  backend.before('read', () => new Promise<void>(resolve => { answer = resolve }))
  t.equal((await browser.attempt(({ session }) => session.a)).statusCode, 503)
  t.match(told[0]!.call.error, { message: 'no answer in time' })
  t.strictSame(methodsIn(told), ['read start end error asyncStart asyncEnd'])
  answer()
  await settled()
  t.strictSame(told, [], 'what comes later is told to nobody')
})

t.test('a store that a tracer binds holds for what the backend does, and not for the handler', async t => {
  const spans = new AsyncLocalStorage<string>()
  const { start } = tracingChannel('fastsessions:backend')
  start.bindStore(spans, call => (call as BackendCall).operation)
  t.teardown(() => { start.unbindStore(spans) })
  const inside: Array<string | undefined> = []
  const backend: SessionBackend = new class extends MinimalBackend {
    override read (id: string) {
      inside.push(spans.getStore())
      return super.read(id)
    }
  }()
  const browser = (await createSite(t, { backend })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  const outside = (await browser.run(({ session }) => [session.a, spans.getStore() ?? null])).json()
  t.strictSame([inside.at(-1), outside], ['read', [1, null]])
})

t.test('the question whether a server that failed is up again is told as well', async t => {
  const told = tracing(t)
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend, secret: SECRET })
  const browser = site.browser()
  const id = (await browser.run(({ session }) => { session.a = 1; return session.id })).body
  backend.fail('read')
  for (let i = 0; i < 5; i++) await browser.attempt(({ session }) => session.a)
  await settled()
  t.match(told.at(-1)!.call, { operation: 'read', error: { message: 'read failed on purpose' } })
  t.not(told.at(-1)!.call.id, id, 'an id that nobody has')
})

t.test('messages say what failed in words', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const { id } = await site.app.sessions.create({})
  backend.fail('exists').fail('read')
  const detailOf = async (call: Promise<unknown>) => await call.then(() => null, ({ detail }: BackendUnavailableError) => detail)
  t.equal(await detailOf(site.app.sessions.exists(id)), 'FaultyBackend failed to look for a session')
  t.equal(await detailOf(site.app.sessions.get(id)), 'FaultyBackend failed to read a session')
})
