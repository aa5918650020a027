import { setTimeout as sleep } from 'node:timers/promises'
import { DAY_MS } from '../../test/helpers/times.ts'
import { Clients, type Mix, SUBJECTS } from '../clients.ts'
import { findGhosts, type Listed } from '../ghosts.ts'
import type { Event, Violation } from '../history.ts'
import { send } from '../http.ts'
import { Random } from '../random.ts'
import { stepOf } from '../recorder.ts'
import { mixFor, type Run, type Scenario } from './scenario.ts'

const LEAST_LIFE_MS = 20
const LIFE_MS = 300
/** After each kill the cookies of the last while are looked at, and in the end all. */
const LOOKED_AT = 40
/** By then the five minutes are over in which the store may keep what was under way. */
const LATER_MS = 6 * 60_000

/** The application is killed in the middle of sign-ins, new ids, logouts and revocations, and a fresh process goes on. */
export const killed: Scenario = {
  about: 'the application is killed (SIGKILL) in the middle of sign-ins, new ids, logouts and revocations',
  timeoutMs: 5_000,
  absoluteMs: DAY_MS,
  servers: 1,
  isFor: store => store !== 'memory',
  async run (run) {
    const { seed, clients, ports, recorder } = run
    const random = new Random(seed)
    const mix: Mix = { write: 4, regenerate: 8, login: 8, destroy: 3, end: 1, revoke: mixFor(run).revoke! * 2 }
    const traffic = new Clients({ seed, clients, ports, mix }, recorder)
    const violations: Violation[] = []
    let kills = 0
    const isDone = (): boolean => run.kills === null ? run.isOver() : kills >= run.kills
    for (; !isDone(); kills++) {
      await killUnder(run, traffic, LEAST_LIFE_MS + random.below(LIFE_MS))
      await recorder.readAll(ports(), recorder.issued.slice(-LOOKED_AT))
      violations.push(...await signInAll(run))
    }
    await recorder.readAll(ports())
    const { ghosts, unheard } = findGhosts(recorder.events, await listedLater(run))
    violations.push(...ghosts.map(({ id }) => ({ promise: 'nothing is listed that no client holds', detail: id })))
    const figures = { kills, ...interrupted(recorder.events), 'sessions whose answer was lost': unheard.length, ghosts: ghosts.length }
    return { mayFail: ({ status }) => status === 0, violations, figures }
  }
}

/** Lets clients work for a while, kills the server under them, and puts a fresh process in its place. */
async function killUnder ({ servers, start }: Run, traffic: Clients, lifeMs: number): Promise<void> {
  // Its start must not take the machine's time from the requests.
  const successor = await start()
  let isKilled = false
  const working = traffic.run(() => isKilled)
  await sleep(lifeMs)
  const dying = servers[0]!.stop()
  isKilled = true
  await Promise.all([dying, working])
  servers[0] = successor
}

/** Everybody can sign in, and is signed in afterwards. */
async function signInAll ({ ports, recorder }: Run): Promise<Violation[]> {
  const violations: Violation[] = []
  const [port] = ports()
  for (const subject of SUBJECTS) {
    const value = recorder.newValue()
    const { status, issued } = await recorder.send(-2, port!, null, stepOf('login', { subject, key: `login${value}`, value }))
    const { answer } = await recorder.send(-2, port!, issued, stepOf('read'))
    if (status === 200 && answer?.isAccepted === true) continue
    violations.push({ promise: 'everybody can sign in after a kill', detail: `${subject} was answered with ${status}` })
  }
  return violations
}

/** What is listed when nothing of the interrupted requests can be under way any more. */
async function listedLater ({ servers, ports }: Run): Promise<Listed[]> {
  if (!servers[0]!.ready.canList) return []
  await servers[0]!.setOffset(LATER_MS)
  const lists = await Promise.all(SUBJECTS.map(async subject => {
    const { status, body } = await send('POST', ports()[0]!, '/stored', null, { subject })
    if (status !== 200) throw new Error(`the sessions of ${subject} cannot be listed: ${JSON.stringify(body)}`)
    return body.sessions as Listed[]
  }))
  return lists.flat()
}

function interrupted (events: readonly Event[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status, kind } of events) {
    const name = `interrupted ${kind}`
    if (status === 0) counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
