import { mock } from 'node:test'
import t from 'tap'
import { Sweeper, sweepIntervalOf } from '../../lib/backends/sweeper.ts'

const EVERY_MS = 60_000

t.beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] })
  mock.method(Math, 'random', () => 0.5)
})
t.afterEach(() => {
  mock.timers.reset()
  mock.restoreAll()
})

/** A sweeper of a store with so many expired sessions. */
function bench (expired: number, fail = (): void => {}) {
  const calls: number[] = []
  const logged: string[] = []
  const log = { debug: (given: object) => { logged.push(JSON.stringify(given)) }, warn: (_: object, text: string) => { logged.push(text) } } as never
  const removeExpired = ({ limit }: { limit: number }) => {
    fail()
    const batch = Math.min(limit, expired)
    expired -= batch
    calls.push(batch)
    return batch
  }
  const sweeper = new Sweeper({ everyMs: EVERY_MS, removeExpired, log })
  return { sweeper, calls, logged, turn: async (ms: number) => { mock.timers.tick(ms); await settle() } }
}

async function settle (): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise(resolve => { setImmediate(resolve) })
}

t.test('it sweeps again and again, in batches until a batch is not full', async t => {
  const { sweeper, calls, logged, turn } = bench(2_500)
  sweeper.start()
  await turn(EVERY_MS - 1)
  t.strictSame(calls, [])
  await turn(1)
  t.strictSame(calls, [1_000, 1_000, 500])
  t.strictSame(logged, ['{"removed":2500}'])
  await turn(EVERY_MS)
  t.strictSame(calls, [1_000, 1_000, 500, 0])
  await sweeper.stop()
})

t.test('nodes wait differently long, from half to one and a half of the interval', async t => {
  for (const [random, wait] of [[0, 0.5], [0.999999, 1.5]] as const) {
    mock.method(Math, 'random', () => random)
    const { sweeper, calls, turn } = bench(0)
    sweeper.start()
    await turn(wait * EVERY_MS - 1)
    t.equal(calls.length, 0)
    await turn(1)
    t.equal(calls.length, 1)
    await sweeper.stop()
  }
})

t.test('it survives an error, and says so', async t => {
  let isBroken = true
  const { sweeper, calls, logged, turn } = bench(1, () => { if (isBroken) throw new Error('no connection') })
  sweeper.start()
  await turn(EVERY_MS)
  t.match(logged, [/failed/])
  isBroken = false
  await turn(EVERY_MS)
  t.strictSame(calls, [1])
  await sweeper.stop()
})

t.test('starting twice is starting once', async t => {
  const { sweeper, calls, turn } = bench(1)
  sweeper.start()
  sweeper.start()
  await turn(EVERY_MS)
  t.equal(calls.length, 1)
  await sweeper.stop()
})

t.test('stopped before the first sweep, it never sweeps, not even when started again', async t => {
  const { sweeper, calls, turn } = bench(1)
  sweeper.start()
  await sweeper.stop()
  sweeper.start()
  await turn(EVERY_MS * 2)
  t.strictSame(calls, [])
})

t.test('stopped while it sweeps, it resolves after the batch under way and begins no other', async t => {
  let answer: (removed: number) => void = () => {}
  let calls = 0
  const removeExpired = () => new Promise<number>(resolve => { calls++; answer = resolve })
  const sweeper = new Sweeper({ everyMs: EVERY_MS, removeExpired, log: { debug () {}, warn () {} } })
  sweeper.start()
  mock.timers.tick(EVERY_MS)
  let isStopped = false
  const stopping = sweeper.stop().then(() => { isStopped = true })
  await settle()
  t.equal(isStopped, false)
  answer(1_000)
  await stopping
  await sweeper.stop()
  mock.timers.tick(EVERY_MS * 2)
  await settle()
  t.equal(calls, 1)
})

t.test('the interval is a duration that a timer can wait, or none', async t => {
  t.equal(sweepIntervalOf(undefined), null)
  t.equal(sweepIntervalOf(90), 90_000)
  t.equal(sweepIntervalOf('16d'), 16 * 86_400_000)
  for (const wrong of [0, -1, '17d', 'soon', Infinity]) t.throws(() => sweepIntervalOf(wrong), { code: 'SES_INVALID_OPTIONS' }, String(wrong))
})
