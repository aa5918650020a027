import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { createApp, loose } from '../helpers/app.ts'
import { everyOrder, Stage } from '../helpers/interleaving.ts'
import { OldLibrary } from '../helpers/old-library.ts'
import { DAY_MS, HOUR_MS, START } from '../helpers/times.ts'

/*
 * Two first requests with the cookie of a different library, in processes of their own, in every order of reads and writes.
 *
 * In each order:
 * - the data of the library are in one session at most; in exactly one where neither request ends it
 * - changes of both requests are in that session
 * - once it has ended, or has got a new id, the cookie of the library opens nothing, also when tombstones are gone
 */

type Action = 'a' | 'b' | 'read' | 'destroy' | 'login'
const PAIRS: ReadonlyArray<readonly [Action, Action]> = [['a', 'b'], ['read', 'read'], ['a', 'destroy'], ['b', 'login'], ['destroy', 'login']]

const memory = new MemoryBackend()
const old = new OldLibrary()
old.expiresAt = null
let now = START

async function createProcess (stage: Stage | null, actor = 0): Promise<FastifyInstance> {
  const backend = stage === null ? memory : stage.gate(memory, actor)
  const app = await createApp(t, { backend, timeout: 600, now: () => now, migrateFrom: [old] })
  app.post<{ Params: { action: Action } }>('/:action', async request => {
    const session = loose(request)
    const { action } = request.params
    if (action === 'a' || action === 'b') session[action] = 1
    if (action === 'destroy') await session.destroy()
    if (action === 'login') await session.login('alice')
    return { base: session['base'] ?? null }
  })
  return app
}

t.intercept(Math, 'random', { value: () => 0 })
const stage = new Stage(false)
const processes = await Promise.all([0, 1].map(actor => createProcess(stage, actor)))
const outside = await createProcess(null)

/** Each order has a session of its own, told by its number, and begins so late that all of the order before has expired. */
let number = 0
const APART_MS = 500 * DAY_MS

async function baseOf (cookie: string): Promise<unknown> {
  return (await outside.inject({ method: 'POST', url: '/read', headers: { cookie } })).json().base
}

for (const pair of PAIRS) {
  t.test(`${pair.join(' and ')}, in every order`, async t => {
    const wrong: unknown[] = []
    const orders = await everyOrder(async choices => {
      const begin = START + ++number * APART_MS
      now = begin
      await outside.sessions.removeExpired()
      const cookie = old.begin({ base: number })
      const answers: number[] = []
      const steps = await stage.run(pair.map((action, actor) => async () => {
        const { statusCode } = await processes[actor]!.inject({ method: 'POST', url: `/${action}`, headers: { cookie } })
        answers.push(statusCode)
      }), choices)
      const found = (await outside.sessions.list()).sessions.filter(({ data }) => data['base'] === number)
      const ends = pair.includes('destroy') || pair.includes('login')
      const shown = JSON.stringify(found.map(({ data, subject }) => [data, subject]))
      const complain = (what: string): void => { wrong.push([what, choices.join(''), shown, answers.join()]) }
      if (found.length > 1) complain('several sessions')
      if (!ends && found.length !== 1) complain('no session')
      if (!ends) for (const action of pair) if (action !== 'read' && !(action in found[0]!.data)) complain(`${action} is lost`)
      if (pair.includes('destroy') && !pair.includes('login') && found.length > 0) complain('it came back')
      if (answers.some(status => status >= 500)) complain('an answer failed')
      if (ends) {
        for (const later of [0, 3 * HOUR_MS]) {
          now = begin + later
          if (await baseOf(cookie) !== null) complain(`taken over again after ${later} ms`)
        }
      }
      return steps
    })
    t.comment(`${orders} orders`)
    t.strictSame(wrong.slice(0, 3), [])
    t.ok(orders > 50)
  })
}
