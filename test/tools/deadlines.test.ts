import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { Deadlines, type Waiting } from '../../lib/tools/deadlines.ts'
import { stayAlive } from '../helpers/gate.ts'

const timers = () => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length

/** A wait that tells when its time is over. */
function waitOn (deadlines: Deadlines): Waiting & { readonly isOver: Promise<void> } {
  let expire!: () => void
  const isOver = new Promise<void>(resolve => { expire = resolve })
  const wait = { due: deadlines.next, expire, isOver }
  deadlines.add(wait)
  return wait
}

function create (t: Test, limitMs: number): Deadlines {
  const deadlines = new Deadlines(limitMs, () => new Error('late'))
  t.teardown(() => deadlines.close())
  return deadlines
}

t.test('each wait ends when its own time is over', async t => {
  const deadlines = create(t, 20)
  const first = waitOn(deadlines)
  await sleep(10)
  const second = waitOn(deadlines)
  await first.isOver
  t.ok(performance.now() >= first.due - 1)
  await second.isOver
  t.ok(performance.now() >= second.due - 1)
})

t.test('a wait that is over in time is never told', async t => {
  const deadlines = create(t, 5)
  const wait = waitOn(deadlines)
  wait.isOver.then(() => t.fail('was told'))
  deadlines.delete(wait)
  await waitOn(deadlines).isOver
})

t.test('a wait that begins while others end has a whole time', async t => {
  const deadlines = create(t, 5)
  let last: ReturnType<typeof waitOn> | undefined
  deadlines.add({ due: deadlines.next, expire () { last = waitOn(deadlines) } })
  await waitOn(deadlines).isOver
  await last!.isOver
  t.ok(performance.now() >= last!.due - 1)
})

t.test('only while something waits does the timer keep the process alive', async t => {
  const deadlines = create(t, 60_000)
  const before = timers()
  const [first, second] = [waitOn(deadlines), waitOn(deadlines)]
  t.equal(timers(), before + 1)
  deadlines.delete(first)
  t.equal(timers(), before + 1)
  deadlines.delete(second)
  t.equal(timers(), before)
  const third = waitOn(deadlines)
  t.equal(timers(), before + 1, 'the same timer')
  deadlines.delete(third)
  t.equal(timers(), before)
})

t.test('what waits still after the end of the application keeps its time', async t => {
  stayAlive(t)
  const deadlines = create(t, 5)
  const [first, second] = [waitOn(deadlines), waitOn(deadlines)]
  deadlines.close()
  deadlines.delete(first)
  await second.isOver
  const before = timers()
  const third = waitOn(deadlines)
  deadlines.delete(third)
  t.equal(timers(), before, 'no timer is left')
})

t.test('without a limit there is no timer', async t => {
  const deadlines = create(t, Infinity)
  const before = timers()
  const wait = waitOn(deadlines)
  t.equal(timers(), before)
  deadlines.delete(wait)
})
