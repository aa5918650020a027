import type { FastifyBaseLogger } from 'fastify'
import t, { type Test } from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { audible, Warnings } from '../../lib/store/warnings.ts'
import { createApp, createSite, loose } from '../helpers/app.ts'
import { settled } from '../helpers/gate.ts'

function logger (level: string | undefined): { log: FastifyBaseLogger, lines: unknown[][] } {
  const lines: unknown[][] = []
  return { log: { level, warn: (...line: unknown[]) => { lines.push(line) } } as unknown as FastifyBaseLogger, lines }
}

/** Our warnings of the process, as they come until the end of the test. */
function warningsOfProcess (t: Test): Array<Error & { code?: string }> {
  const heard: Error[] = []
  const listen = (warning: Error) => { if (warning.name === 'FastsessionsWarning') heard.push(warning) }
  process.on('warning', listen)
  t.teardown(() => process.off('warning', listen))
  return heard
}

t.test('of a kind five warnings are logged in a minute, and the last one says so', async t => {
  let now = 0
  const warnings = new Warnings(() => now)
  const { log, lines } = logger('info')
  for (let time = 0; time < 100; time++) warnings.warn(log, 'ended', 'it ended')
  warnings.warn(log, 'lost', 'it was lost')
  t.strictSame(lines.splice(0), [...Array(4).fill(['it ended']), ['it ended; more warnings of this kind are left out for a minute'], ['it was lost']])
  now = 59_999
  warnings.warn(log, 'ended', 'it ended')
  t.strictSame(lines, [])
  now = 60_000
  const error = new Error('why')
  warnings.warn(log, 'ended', 'it ended', error)
  t.strictSame(lines, [[{ err: error }, 'it ended']])
})

for (const level of [undefined, 'silent']) {
  t.test(`where the logger is off (${String(level)}), the first warning of each kind goes to the process`, async t => {
    const { log, lines } = logger(level)
    const emitted = warningsOfProcess(t)
    const warnings = new Warnings(() => 0)
    for (let time = 0; time < 3; time++) for (const kind of ['lost', 'plain-http'] as const) warnings.warn(log, kind, `about ${kind}`, new Error('why'))
    await new Promise(resolve => { setImmediate(resolve) })
    t.strictSame(emitted.map(({ message, code }) => [message, code]), [['about lost', 'lost'], ['about plain-http', 'plain-http']])
    t.strictSame(lines, [])
  })
}

t.test('an application without a logger hears of a Secure cookie on plain http', async t => {
  const heard = new Promise<string>(resolve => { process.on('warning', ({ name, message }) => { if (name === 'FastsessionsWarning') resolve(message) }) })
  const app = await createApp(t, { secret: 'a secret of at least thirty-two bytes' })
  app.get('/', async request => { request.session.set('a', 1) })
  await app.inject({ url: '/', headers: { host: 'example.org' } })
  t.match(await heard, 'was sent on a plain-http request')
})

t.test('where the logger is off, the code of a warning says what it is about', async t => {
  const heard = warningsOfProcess(t)
  const backend = new FaultyBackend(new MemoryBackend())
  const app = await createApp(t, { secret: 'a secret of at least thirty-two bytes', backend, cookie: { secure: true } })
  app.get('/in', async request => { loose(request)['a'] = 1 })
  app.get('/lost', async (request, reply) => {
    loose(request)['a'] = 2
    reply.hijack()
    reply.raw.end('by hand')
  })
  app.get('/timed-out', { handlerTimeout: 20 }, async request => {
    loose(request)['a'] = 3
    await new Promise(() => {})
  })
  const { cookie } = await app.sessions.create({ a: 0 })
  backend.before('write', async () => { await settled(); throw new Error('down') })
  for (const url of ['/lost', '/timed-out']) await app.inject({ url, headers: { cookie, host: 'example.org' } })
  await settled()
  backend.heal()
  await app.inject({ url: '/in', headers: { host: 'example.org' } })
  await settled()
  t.strictSame(heard.map(({ code }) => code), ['lost', 'timed-out', 'plain-http'])
})

t.test('where the logger is off, what a backend says twice is heard once; else it goes to the logger', async t => {
  const heard = warningsOfProcess(t)
  const { log, lines } = logger('silent')
  const quiet = audible(log)
  for (let time = 0; time < 2; time++) {
    quiet.warn('the table is foreign')
    quiet.warn({ err: new Error('why') }, 'sweeping failed')
  }
  await new Promise(resolve => { setImmediate(resolve) })
  t.strictSame(heard.map(({ message }) => message), ['the table is foreign', 'sweeping failed'])
  t.strictSame(lines, [])
  const { log: loud } = logger('info')
  t.equal(audible(loud), loud)
})

t.test('an application without a logger hears once of a store that cannot be reached at the start, and of one that is down', async t => {
  const heard = warningsOfProcess(t)
  const backend = new FaultyBackend(new MemoryBackend())
  const down = () => { throw new Error('refused') }
  Object.assign(backend, { prepare: down })
  const app = await createApp(t, { backend })
  app.get('/', async request => loose(request).isEmpty)
  const { cookie } = await app.sessions.create({ a: 1 })
  for (let outage = 0; outage < 2; outage++) {
    backend.fail('read')
    for (let time = 0; time < 20; time++) await app.inject({ url: '/', headers: { cookie } })
    backend.heal()
  }
  await new Promise(resolve => { setImmediate(resolve) })
  t.match(heard.map(({ message }) => message), [/cannot be reached yet/, /is down: sessions fail fast/])
})

t.test('while a store is down, the requests that go on without a session do not fill the log', async t => {
  const { app, backend, warnings } = await createSite(t, { backend: 'memory', onUnavailable: 'anonymous' })
  app.get('/', async request => loose(request).isEmpty)
  const { cookie } = await app.sessions.create({ a: 1 })
  backend.fail('read')
  for (let time = 0; time < 30; time++) t.equal((await app.inject({ url: '/', headers: { cookie } })).body, 'true')
  t.equal(warnings().filter(text => text.includes('gets an empty session')).length, 5)
})
