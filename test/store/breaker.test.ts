import t from 'tap'
import { Breaker, type BreakerState } from '../../lib/store/breaker.ts'
import { BackendUnavailableError, MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { bench } from '../helpers/session-bench.ts'
import { recordEvents } from '../helpers/session-events.ts'

function breaker () {
  const clock = { now: 0 }
  const states: BreakerState[] = []
  const it = new Breaker(state => { states.push(state) }, () => clock.now)
  return { it, clock, states, fail: (times: number) => { for (let i = 0; i < times; i++) it.fail() } }
}

t.test('from the start it is closed, and says nothing until the fifth failure', async t => {
  const { it, states, fail } = breaker()
  t.strictSame([it.state, it.admits()], ['closed', true])
  it.succeed()
  fail(4)
  t.strictSame([it.state, it.admits(), states], ['closed', true, []])
  fail(1)
  t.strictSame([it.state, states], ['open', ['open']])
})

t.test('it opens after five failures in a row', async t => {
  const { it, fail } = breaker()
  fail(4)
  it.succeed()
  fail(4)
  t.equal(it.admits(), true)
  it.fail()
  t.strictSame([it.state, it.admits()], ['open', false])
})

t.test('after a pause one call at a time tries', async t => {
  const { it, clock, states, fail } = breaker()
  fail(5)
  clock.now = 99
  t.equal(it.admits(), false)
  clock.now = 100
  t.strictSame([it.admits(), it.admits(), it.state], [true, false, 'probing'])
  it.succeed()
  t.strictSame([it.admits(), it.admits()], [true, true])
  t.strictSame(states, ['open', 'probing', 'closed'])
})

t.test('each try that fails doubles the pause, up to five seconds', async t => {
  const { it, clock, fail } = breaker()
  fail(5)
  const pauses: number[] = []
  for (let i = 0; i < 8; i++) {
    const start = clock.now
    while (!it.admits()) clock.now += 50
    pauses.push(clock.now - start)
    it.fail()
  }
  t.strictSame(pauses, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
  clock.now += 5_000
  t.equal(it.admits(), true)
  it.succeed()
  fail(5)
  clock.now += 100
  t.equal(it.admits(), true, 'and success makes it short again')
})

t.test('a try that never comes back is followed by another one', async t => {
  const { it, clock, fail } = breaker()
  fail(5)
  clock.now = 100
  t.strictSame([it.admits(), it.admits()], [true, false])
  clock.now += 4_999
  t.equal(it.admits(), false)
  clock.now += 1
  t.strictSame([it.admits(), it.admits()], [true, false])
})

t.test('calls that were under way when it opened neither open it again nor keep it open', async t => {
  const { it, clock, states, fail } = breaker()
  fail(9)
  t.strictSame(states, ['open'])
  clock.now = 100
  t.equal(it.admits(), true)
  it.succeed()
  t.equal(it.state, 'closed')
})

t.test('requests fail fast while the backend is down, and one finds out when it is up', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await bench(t, { backend })
  const browser = site.browser()
  await browser.run(({ session }) => { session.n = 1 })
  const events = recordEvents(t)
  backend.fail('read')
  const visit = () => browser.attempt(({ session }) => session.n)
  for (let i = 0; i < 5; i++) t.equal((await visit()).statusCode, 503)
  const asked = backend.calls.length
  const response = await visit()
  t.match(response, { statusCode: 503, headers: { 'retry-after': '5' } })
  t.equal(response.headers['set-cookie'], undefined)
  t.equal(backend.calls.length, asked, 'the backend is not asked')
  t.match(site.warnings, [/FaultyBackend is down/])
  backend.heal()
  let last = response
  while (last.statusCode === 503) last = await visit()
  t.equal(last.body, '1')
  t.equal(backend.calls.length, asked + 1)
  const states = events.filter(({ type, reason }) => type === 'recovered' || (type === 'unavailable' && reason !== 'load'))
  t.match(states, [{ type: 'unavailable', reason: 'open' }, { type: 'unavailable', reason: 'probing' }, { type: 'recovered', reason: 'closed' }])
})

t.test('an error about one session, such as one that a newer version stored, is no sign of an outage', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await bench(t, { backend })
  const [browser, other] = [site.browser(), site.browser()]
  for (const it of [browser, other]) await it.run(({ session }) => { session.n = 1 })
  let poisoned = ''
  await other.run(({ session }) => { poisoned = session.id })
  backend.before('read', ({ id }) => { if (id === poisoned) throw new BackendUnavailableError('newer') })
  for (let i = 0; i < 9; i++) t.equal((await other.attempt(() => {})).statusCode, 503)
  t.strictSame(await browser.data(), { n: 1 })
})

t.test('calls that never answer are failures', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await bench(t, { backend, timeout: 0.02 })
  const browser = site.browser()
  await browser.run(({ session }) => { session.n = 1 })
  backend.hang('read')
  await Promise.all(Array.from({ length: 5 }, () => browser.attempt(() => {})))
  t.match(site.warnings, [/is down/])
})
