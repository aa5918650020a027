import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { createApp, loose, SECRET } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'
import { everyOrder, Stage } from '../helpers/interleaving.ts'
import { START } from '../helpers/times.ts'

/*
 * Requests with copies of one cookie, in processes of their own, whose endings lie in one store: every order of the calls to the store.
 *
 * In each order, once `staleness` is over:
 * - where a request has ended the session, no cookie opens it: not the copy of before, and none that a request was answered with
 * - where the session has got a new id, the copy of before opens nothing, and one session at most has gone on
 * - where nothing has ended the session, the copy opens it
 */

type Action = 'change' | 'regenerateId' | 'login' | 'destroy' | 'revoke' | 'revokeSubject' | 'revokeLabel' | 'revokeAll' | 'empty'
const ENDS: readonly Action[] = ['destroy', 'revoke', 'revokeSubject', 'revokeLabel', 'revokeAll', 'empty']

/** These end what their own request has found. */
const ENDS_ITS_OWN: readonly Action[] = ['destroy', 'revoke', 'empty']
const MOVES: readonly Action[] = ['regenerateId', 'login']

const PAIRS: ReadonlyArray<readonly Action[]> = [
  ['change', 'change'],
  ...ENDS.flatMap(end => (['change', 'regenerateId', 'login', 'destroy'] as const).map(other => [other, end] as const)),
  ['regenerateId', 'regenerateId'], ['regenerateId', 'login'], ['login', 'login'], ['change', 'regenerateId']
]

interface Answer { action: Action, status: number, body: unknown, cookie: string }

function hasEnded ({ action, body }: Answer): boolean {
  return ENDS.includes(action) && (body === 1 || !ENDS_ITS_OWN.includes(action))
}

/** So much later every process asks again. */
const STALE_MS = 5_000

const endings = new MemoryBackend()
let now = START

async function createProcess (stage: Stage | null, actor = 0): Promise<FastifyInstance> {
  const revocation = stage === null ? endings : stage.gate(endings, actor)
  const app = await createApp(t, { secret: SECRET, timeout: 600, now: () => now, backend: new CookieBackend({ revocation }) })
  app.post<{ Params: { action: string } }>('/:action', async request => {
    const session = loose(request)
    const before = session['base'] ?? null
    const { action } = request.params
    if (action === 'begin') await session.login('ada', { base: 1 }, { labels: ['tenant'] })
    if (action === 'change') session['changed'] = 1
    if (action === 'empty') session.clear()
    if (action === 'login') await session.login('ada', {}, { labels: ['tenant'] })
    if (action === 'regenerateId' || action === 'destroy') await session[action]()
    if (action === 'revoke') await app.sessions.revoke(session.id)
    if (action === 'revokeSubject') await app.sessions.revokeSubject('ada')
    if (action === 'revokeLabel') await app.sessions.revokeLabel('tenant')
    if (action === 'revokeAll') await app.sessions.revokeAll()
    return before
  })
  return app
}

t.intercept(Math, 'random', { value: () => 0 })
const stage = new Stage(false)
const processes = await Promise.all([0, 1].map(actor => createProcess(stage, actor)))
const outside = await createProcess(null)

async function send (app: FastifyInstance, action: string, cookie: string): Promise<{ status: number, body: unknown, cookie: string }> {
  const headers = cookie === '' ? {} : { cookie }
  const response = await app.inject({ method: 'POST', url: `/${action}`, headers })
  const lines = cookieLines(response).filter(line => !line.includes('Max-Age=0')).map(line => line.split(';')[0])
  return { status: response.statusCode, body: response.json(), cookie: lines.join('; ') }
}

// Each process learns how long sessions live: the runs of one order must ask the same.
for (const app of [...processes, outside]) await send(app, 'begin', '')

for (const actions of PAIRS) {
  t.test(`${actions.join(', ')}: copies of one cookie, in every order`, async t => {
    const wrong: unknown[] = []
    const orders = await everyOrder(async choices => {
      now += STALE_MS
      const { cookie } = await send(outside, 'begin', '')
      const answers: Answer[] = []
      const steps = await stage.run(actions.map((action, actor) => async () => {
        answers.push({ action, ...await send(processes[actor]!, action, cookie) })
      }), choices)
      const complain = (what: string): void => { wrong.push([what, choices.join(''), answers.map(({ status }) => status).join()]) }
      if (answers.some(({ status }) => status >= 500)) complain('an answer failed')
      now += STALE_MS
      const isAlive = async (text: string): Promise<boolean> => (await send(outside, 'read', text)).body === 1
      const old = await isAlive(cookie)
      const alive: boolean[] = []
      for (const answer of answers) if (answer.cookie !== '') alive.push(await isAlive(answer.cookie))
      const count = alive.filter(Boolean).length
      if (answers.some(hasEnded)) {
        if (old || count > 0) complain('it came back')
      } else if (actions.every(action => action === 'change')) {
        if (!old || count !== actions.length) complain('it ended')
      } else if (actions.some(action => MOVES.includes(action))) {
        if (old) complain('the old id opens it')
        if (count !== 1) complain(`${count} sessions have gone on`)
      }
      return steps
    })
    t.comment(`${orders} orders`)
    t.strictSame(wrong.slice(0, 3), [])
  })
}
