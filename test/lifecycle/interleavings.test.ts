import { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { MemoryBackend, type Session } from '../../lib/index.ts'
import { createApp } from '../helpers/app.ts'
import { DAY_MS, START } from '../helpers/times.ts'
import { everyOrder, Stage } from '../helpers/interleaving.ts'

/*
 * Two and three requests of a session, in separate processes or in the same process, in every order of reads and writes.
 *
 * In each order, whatever the requests do:
 * - all keys that different requests set are there, and all paths in an object that they change in place, or, if the session ended, all keys that were stored at the end
 * - a destroyed session is gone, under the old id and under a new id
 * - an old id that was regenerated opens no session
 * - no deadline is later than the absolute deadline
 */

const ACTIONS = ['a', 'b', 'count', 'clear', 'regenerateId', 'login', 'destroy'] as const
/** Changes of different paths in one object, which both are in place, and an object that takes its place. */
const NESTED = ['deepA', 'deepB', 'assign'] as const
type Action = typeof ACTIONS[number] | typeof NESTED[number]

const ABSOLUTE_MS = DAY_MS
// Late in the session's life: a deadline that ignores the absolute deadline would lie beyond it.
const NOW = START + ABSOLUTE_MS - 1_000

interface Deep { x: { a?: number, b?: number }, assigned?: true }
interface Data { deep: Deep, a: number, b: number, base: number, seen: number, count: number, who: string }

// The random pause after a conflict says nothing here, where each order is tried, and thousands of pauses take minutes.
t.intercept(Math, 'random', { value: () => 0 })

const memory = new MemoryBackend()
let now = START

/** An application as a process runs it: processes share nothing but the store. */
async function createProcess (stage: Stage | null, actor = 0): Promise<FastifyInstance> {
  const backend = stage === null ? memory : stage.gate(memory, actor)
  const app = await createApp(t, { backend, absoluteTimeout: ABSOLUTE_MS / 1_000, timeout: 600, now: () => now })
  app.post<{ Params: { action: Action } }>('/:action', async request => {
    const session = request.session as unknown as Session<Data>
    const hasSeenOld = session.base === 1
    switch (request.params.action) {
      // If the old session comes back, the value shows what the request has seen of it.
      case 'a': session.set('seen', session.base).a = 1; break
      case 'b': session.b = 1; break
      case 'deepA': if (session.deep !== undefined) session.deep.x.a = 1; break
      case 'deepB': if (session.deep !== undefined) session.deep.x.b = 1; break
      case 'assign': session.deep = { x: {}, assigned: true }; break
      case 'count': await session.transaction(data => { data.count = (data.count ?? 0) + 1 }); break
      case 'clear': session.clear(); break
      case 'regenerateId': await session.regenerateId(); break
      case 'login': await session.login('alice', { who: 'alice' }); break
      case 'destroy': await session.destroy(); break
    }
    return { hasSeenOld }
  })
  return app
}

/** Where requests run: in a process each, or all in the same process. */
interface Place { readonly stage: Stage, readonly apps: readonly FastifyInstance[] }

async function createPlace (processes: number): Promise<Place> {
  const stage = new Stage(processes === 1)
  const apps = await Promise.all(Array.from({ length: processes }, (_, actor) => createProcess(stage, actor)))
  return { stage, apps: processes === 1 ? [apps[0]!, apps[0]!, apps[0]!] : apps }
}

const outside = await createProcess(null)
const apart = await createPlace(3)
const together = await createPlace(1)

/** `hasSeenOld`: the request read the old session. A request after the end of the old session may start a new session. */
interface Result { readonly action: Action, readonly status: number, readonly hasSeenOld?: boolean }

/** Tries an order of these requests; throws when the outcome is wrong. */
async function tryOrder (actions: readonly Action[], { stage, apps }: Place, choices: readonly number[]): Promise<Array<{ choice: number, options: number }>> {
  now = START
  await outside.sessions.revokeAll()
  const { id, cookie } = await outside.sessions.create({ base: 1, deep: { x: {} } })
  now = NOW
  const results: Result[] = []
  const steps = await stage.run(actions.map((action, actor) => async () => {
    const response = await apps[actor]!.inject({ method: 'POST', url: `/${action}`, headers: { cookie } })
    results.push({ ...response.json<object>(), action, status: response.statusCode })
  }), choices)
  await check(id, results)
  return steps
}

async function check (id: string, results: readonly Result[]): Promise<void> {
  const live = (await outside.sessions.list()).sessions
  const has = (action: Action) => results.some(result => result.action === action && result.hasSeenOld)
  const problem = (text: string) => new Error(`${text}\n  ${JSON.stringify(results)}\n  ${JSON.stringify(live)}`)

  if (results.some(({ status }) => status !== 200 && status !== 409)) throw problem('a request failed')
  // A request that began after the end of the old session starts a session without its data.
  const old = live.filter(({ data }) => 'base' in data || 'seen' in data)
  const hasMoved = has('regenerateId') || has('login')
  const hasEnded = has('destroy') || has('clear')
  if (live.length > old.length && !hasMoved && !hasEnded) throw problem('a request was given another session')
  if (old.length > 1) throw problem('one session has become two')
  for (const { createdAt, expiresAt } of live) {
    if (expiresAt.getTime() > createdAt.getTime() + ABSOLUTE_MS) throw problem('a deadline is beyond the absolute one')
  }
  if (!has('login') && old.some(({ createdAt }) => createdAt.getTime() !== START)) throw problem('an old session has got a new life')
  if (hasMoved && await outside.sessions.get(id) !== null) throw problem('the old id still opens a session')
  if (has('destroy') && old.length > 0) throw problem('a destroyed session came back')
  if (has('clear') && !hasMoved && old.length > 0) throw problem('a session that became empty came back')

  if (hasEnded) return
  const data: Record<string, unknown> = old[0]?.data ?? {}
  if (data['base'] !== 1) throw problem('what was stored before was lost')
  // A change under the old id is dropped after the regeneration.
  if (hasMoved) return
  if (has('a') && data['a'] !== 1) throw problem('the update of a was lost')
  if (has('b') && data['b'] !== 1) throw problem('the update of b was lost')
  checkDeep(has, data['deep'] as Deep, problem)
  const increments = results.filter(({ action, status }) => action === 'count' && status === 200).length
  if ((data['count'] ?? 0) !== increments) throw problem('an increment was lost')
}

/** An object that was assigned is there whole, or not at all; without one, each change is there. */
function checkDeep (has: (action: Action) => boolean, { x, assigned }: Deep, problem: (text: string) => Error): void {
  if (!has('assign')) {
    if (has('deepA') && x.a !== 1) throw problem('the update of deep.x.a was lost')
    if (has('deepB') && x.b !== 1) throw problem('the update of deep.x.b was lost')
  } else if (!has('deepA') && !has('deepB') && assigned !== true) throw problem('what was assigned was lost')
}

const nestedPairs: Action[][] = [...NESTED.map(action => ['deepA', action] as Action[]), ...ACTIONS.map(action => ['deepA', action] as Action[]), ['assign', 'assign']]

const pairs: Action[][] = ACTIONS.flatMap((one, index) => ACTIONS.slice(index).map(other => [one, other]))

/** Three writers in every combination except a pair with a bystander: thousands of orders. */
const triples: Action[][] = [
  ['deepA', 'deepB', 'a'], ['deepA', 'deepB', 'count'], ['deepA', 'deepB', 'destroy'], ['deepA', 'deepB', 'assign'],
  ['a', 'b', 'count'], ['a', 'count', 'count'], ['a', 'b', 'clear'], ['a', 'b', 'regenerateId'], ['a', 'b', 'login'], ['a', 'b', 'destroy'],
  ['a', 'clear', 'destroy'], ['a', 'regenerateId', 'destroy'], ['a', 'login', 'destroy'], ['clear', 'regenerateId', 'destroy'], ['regenerateId', 'login', 'destroy'], ['a', 'regenerateId', 'login']
]

/**
 * Commits of one process queue behind each other, and endings and new ids do not: with two or more of these, a process is no
 * different from three.
 */
const queued = triples.filter(actions => actions.filter(action => ['regenerateId', 'login', 'destroy'].includes(action)).length < 2)

async function tryAll (t: Test, combinations: readonly Action[][], place: Place): Promise<void> {
  for (const actions of combinations) {
    const orders = await everyOrder(choices => tryOrder(actions, place, choices))
    t.ok(orders > 1, `${actions.join(', ')}: ${orders} orders`)
  }
}

t.test('two requests in two processes', t => tryAll(t, pairs, apart))
t.test('two requests in one process', t => tryAll(t, pairs, together))
t.test('three requests in one process', t => tryAll(t, queued, together))
t.test('three requests in three processes', t => tryAll(t, triples, apart))
t.test('two requests that change one object, in two processes', t => tryAll(t, nestedPairs, apart))
t.test('two requests that change one object, in one process', t => tryAll(t, nestedPairs, together))
