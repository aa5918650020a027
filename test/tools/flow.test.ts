import t from 'tap'
import { Deadlines } from '../../lib/tools/deadlines.ts'
import { type Flow, isPromise, run, wait } from '../../lib/tools/flow.ts'

const never = () => new Error('timeout')
const started = <T>(flow: () => Flow<T>, limitMs = 60_000) => run(flow(), new Deadlines(limitMs, never))

t.test('without a promise to wait for, the answer is there at once', async t => {
  t.equal(started(function * () { return (yield * wait(1)) + (yield * wait(2)) }), 3)
})

t.test('with one, the answer is a promise', async t => {
  const answer = started(function * () { return (yield * wait(Promise.resolve(1))) + (yield * wait(2)) + (yield * wait(Promise.resolve(3))) })
  t.ok(isPromise(answer))
  t.equal(await answer, 6)
})

t.test('an error is thrown at once, or rejects', async t => {
  t.throws(() => started(function * () { throw new Error('at once') }), { message: 'at once' })
  await t.rejects(Promise.resolve(started(function * () { yield * wait(Promise.reject(new Error('later'))) })), { message: 'later' })
})

t.test('a flow can catch what it waited for', async t => {
  t.equal(await started(function * () {
    try {
      return yield * wait(Promise.reject(new Error('x')))
    } catch (error) {
      return `caught ${(error as Error).message}`
    }
  }), 'caught x')
})

t.test('after the limit it rejects; no later step runs, its finally does', async t => {
  const steps: string[] = []
  let settle!: () => void
  const pending = new Promise<void>(resolve => { settle = resolve })
  const answer = started(function * () {
    try {
      yield * wait(pending)
      steps.push('went on')
    } finally {
      steps.push('finally')
    }
  }, 1)
  await t.rejects(Promise.resolve(answer), { message: 'timeout' })
  t.strictSame(steps, ['finally'])
  settle()
  await pending
  await new Promise(resolve => { setImmediate(resolve) })
  t.strictSame(steps, ['finally'])
})

t.test('a promise that rejects after the limit disturbs nobody', async t => {
  let fail!: (error: Error) => void
  const pending = new Promise<void>((_resolve, reject) => { fail = reject })
  await t.rejects(Promise.resolve(started(function * () { yield * wait(pending) }, 1)), { message: 'timeout' })
  fail(new Error('late'))
  await new Promise(resolve => { setImmediate(resolve) })
})

t.test('the timer does not outlive the flow', async t => {
  const timers = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
  const before = timers()
  await started(function * () { yield * wait(Promise.resolve()) })
  await Promise.resolve()
  t.equal(timers(), before)
})

t.test('anything with a then is a promise, nothing else is', async t => {
  for (const value of [null, undefined, 0, '', {}, { then: 1 }]) t.notOk(isPromise(value))
  t.ok(isPromise({ then () {} } as never))
})

t.test('without a limit it waits for as long as it takes, and has no timer', async t => {
  const timers = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
  const before = timers()
  const answer = run((function * (): Flow<number> { return (yield new Promise(resolve => { setImmediate(resolve, 7) })) as number })(), new Deadlines(Infinity, () => new Error('too late')))
  t.equal(timers(), before)
  t.equal(await answer, 7)
})
