import t from 'tap'
import { Deadlines } from '../../lib/tools/deadlines.ts'
import { run } from '../../lib/tools/flow.ts'
import { CommitQueue, type Joining, type Turn } from '../../lib/store/queue.ts'

const enter = async (queue: CommitQueue<string>, id = 'a', limitMs = 60_000): Promise<Turn<string>> =>
  await run(queue.enter(id), new Deadlines(limitMs, () => new Error('timeout')))
const tick = () => new Promise(resolve => { setImmediate(resolve) })

t.test('the first one does not wait, and has nothing from before', async t => {
  const queue = new CommitQueue<string>()
  const step = queue.enter('a').next()
  t.equal(step.done, true)
  t.equal((step.value as Turn<string>).latest, undefined)
  t.equal(queue.size, 1)
})

t.test('each waits for the one before and starts from its result', async t => {
  const queue = new CommitQueue<string>()
  const order: string[] = []
  const first = await enter(queue)
  const others = ['second', 'third'].map(async name => {
    const turn = await enter(queue)
    order.push(`${name} after ${turn.latest}`)
    await tick()
    turn.leave(name)
  })
  await tick()
  t.strictSame(order, [])
  first.leave('first')
  await Promise.all(others)
  t.strictSame(order, ['second after first', 'third after second'])
  t.equal(queue.size, 0, 'nothing is kept')
})

t.test('other sessions do not wait', async t => {
  const queue = new CommitQueue<string>()
  await enter(queue, 'a')
  await enter(queue, 'b')
  t.equal(queue.size, 2)
})

t.test('one that comes after the queue is empty knows nothing from before', async t => {
  const queue = new CommitQueue<string>();
  (await enter(queue)).leave('first')
  t.equal((await enter(queue)).latest, undefined)
})

t.test('a turn that failed leaves no result, and the next one goes on', async t => {
  const queue = new CommitQueue<string>()
  const first = await enter(queue)
  const second = enter(queue)
  first.leave(undefined)
  t.equal((await second).latest, undefined)
})

t.test('when one gives up waiting, those behind still wait for those in front', async t => {
  const queue = new CommitQueue<string>()
  const first = await enter(queue)
  await t.rejects(enter(queue, 'a', 1), { message: 'timeout' })
  let hasEntered = false
  const third = enter(queue).then(turn => { hasEntered = true; return turn })
  await tick()
  t.equal(hasEntered, false)
  first.leave('first')
  const turn = await third
  t.equal(turn.latest, 'first', 'and gets their result')
  turn.leave('third')
  t.equal(queue.size, 0)
})

const pass = async (queue: CommitQueue<string>, limitMs = 60_000): Promise<{ done (): void }> =>
  await run(queue.pass('a'), new Deadlines(limitMs, () => new Error('timeout')))

t.test('an ending waits for the running commit, and passes the commits which wait', async t => {
  const queue = new CommitQueue<string>()
  const order: string[] = []
  const first = await enter(queue)
  const second = enter(queue).then(turn => { order.push('second commit'); turn.leave('second') })
  const ending = pass(queue).then(async passing => {
    order.push('ending')
    await tick()
    passing.done()
  })
  await tick()
  t.strictSame(order, [])
  first.leave('first')
  await Promise.all([second, ending])
  t.strictSame(order, ['ending', 'second commit'])
  t.equal(queue.size, 0)
})

t.test('a commit which comes while an ending is under way waits for the ending, but not for ever', async t => {
  const queue = new CommitQueue<string>()
  const passing = await pass(queue)
  await t.rejects(enter(queue, 'a', 1), { message: 'timeout' })
  t.equal(queue.size, 0, 'and leaves nothing behind')
  const commit = enter(queue)
  passing.done()
  ;(await commit).leave('later')
})

t.test('an ending which gives up waiting holds up nobody', async t => {
  const queue = new CommitQueue<string>()
  const first = await enter(queue)
  await t.rejects(pass(queue, 1), { message: 'timeout' })
  const second = enter(queue)
  first.leave('first')
  t.equal((await second).latest, 'first')
})

t.test('the end of a turn can be awaited before and after it', async t => {
  const turn = await enter(new CommitQueue<string>())
  const early = turn.ended
  turn.leave('x')
  await early
  t.equal(turn.hasEnded, true)
  const late = await enter(new CommitQueue<string>())
  late.leave('x')
  await t.resolves(late.ended)
})

t.test('a turn sees those right behind it whose work it can do along, up to the first whose it cannot', async t => {
  const queue = new CommitQueue<string>()
  const namedJoining = (name: string): Joining<string> & { name: string } => ({ name, onto: theirs => theirs })
  const entering = (name?: string, limitMs = 60_000) =>
    run(queue.enter('a', name === undefined ? undefined : namedJoining(name)), new Deadlines(limitMs, () => new Error('timeout')))
  const namesWaiting = (turn: Turn<string>) => [...turn.waiting()].map(({ joining }) => (joining as unknown as { name: string }).name)
  const first = await entering('first')
  t.strictSame([...first.waiting()], [])
  const others = [entering('second'), entering('gave up', 1), entering('third'), entering(), entering('behind that')]
  await t.rejects(others[1] as Promise<unknown>, { message: 'timeout' })
  t.strictSame(namesWaiting(first), ['second', 'third'])
  first.leave(undefined)
  const second = await others[0]!
  t.strictSame(namesWaiting(second), ['third'])
  second.leave(undefined)
  for (const turn of others.slice(2)) (await turn).leave(undefined)
  t.equal(queue.size, 0)
})

t.test('one that comes while another waits is behind that one, though the first has left', async t => {
  const queue = new CommitQueue<string>()
  const first = await enter(queue)
  const second = enter(queue)
  first.leave('first')
  const third = enter(queue)
  ;(await second).leave('second')
  t.equal((await third).latest, 'second')
})

for (const [name, begin] of [
  ['waits for its turn', (queue: CommitQueue<string>) => enter(queue)],
  ['enters at once', (queue: CommitQueue<string>) => queue.enterAtOnce('a')]
] as const) {
  t.test(`a thousand may wait behind a commit that ${name}, one more is refused, and each that ends makes room for one`, async t => {
    const queue = new CommitQueue<string>()
    const first = await begin(queue)
    const waiting = Array.from({ length: 1_000 }, () => enter(queue))
    const refusal = { code: 'SES_CONFLICT', message: /1000 of its commits are waiting already/ }
    await t.rejects(enter(queue), refusal)
    first.leave('first')
    await waiting[0]
    waiting.push(enter(queue))
    await t.rejects(enter(queue), refusal)
    for (const turn of waiting) (await turn).leave('done')
    t.equal(queue.size, 0)
  })

  t.test(`an ending waits for a commit that ${name}, and for none that has ended`, async t => {
    const queue = new CommitQueue<string>()
    const turn = await begin(queue)
    const waits = queue.pass('a')
    t.notOk(waits.next().done, 'while it runs')
    turn.leave('done')
    const step = queue.pass('a').next()
    t.ok(step.done, 'once it has ended')
  })
}
