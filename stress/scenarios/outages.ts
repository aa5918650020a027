import { setTimeout as sleep } from 'node:timers/promises'
import type { ThrowAwayServer } from '../../scripts/servers/index.js'
import { DAY_MS } from '../../test/helpers/times.ts'
import { Bystanders } from '../bystanders.ts'
import { prepareFleet, serverOf } from '../fleet.ts'
import type { Violation } from '../history.ts'
import { moment } from '../moment.ts'
import { Random } from '../random.ts'
import { Recorder, stepOf } from '../recorder.ts'
import type { Run, Scenario } from './scenario.ts'

const SESSIONS_PER_SERVER = 3
/** Tabs of one user whose session lies on the server that is down, all on one application server. */
const TABS = 8
const PAUSE_MS = 20
/** How long a server that is back may still count as down, at most. */
const PATIENCE_MS = 10_000
const MIX = { read: 4, write: 3, count: 2 }

/** What happens to a server: it is killed and begins again, or it stands still and goes on. */
const OUTAGES: Readonly<Record<string, { begin: (server: ThrowAwayServer) => unknown, end: (server: ThrowAwayServer) => unknown }>> = {
  killed: { begin: server => server.kill(), end: server => server.start() },
  frozen: { begin: server => { server.freeze() }, end: server => { server.thaw() } }
}

/** One server of three is killed, and frozen. The sessions of the two others are served all the while. */
export const outages: Scenario = {
  about: 'one server of three is killed, then frozen, and is back',
  timeoutMs: 1_000,
  absoluteMs: DAY_MS,
  isFleet: true,
  isFor: store => store === 'memcached' || store === 'cluster',
  async run (run) {
    const { place, seed, ports, recorder, seconds } = run
    await prepareFleet(place)
    const down = new Random(seed).of(place.servers)
    const victims = new Recorder(() => run.clock.bounds())
    const [healthy, lost] = await makeSessions(run, victims, down)
    const others = new Bystanders({ seed, ports, mix: MIX, count: healthy.length, pauseMs: PAUSE_MS }, recorder, healthy)
    const tabs = { seed, ports: () => ports().slice(0, 1), mix: MIX, count: TABS, pauseMs: PAUSE_MS }
    const concerned = new Bystanders(tabs, victims, Array(TABS).fill(lost))
    let isDone = false
    const figures: Record<string, string> = {}
    const violations: Violation[] = []
    const happen = async (): Promise<void> => {
      for (const [name, { begin, end }] of Object.entries(OUTAGES)) {
        await sleep(seconds * 100)
        await begin(down)
        await sleep(seconds * 250)
        await end(down)
        const backAt = moment()
        const tookMs = await untilServed(victims, backAt)
        figures[name] = `its own sessions were served again after ${Math.round(tookMs)} ms`
        const isUsed = tookMs < PATIENCE_MS
        if (!isUsed) violations.push({ promise: 'a server that is back is used again', detail: `the server that was ${name}` })
      }
      isDone = true
    }
    await Promise.all([others.run(() => isDone), concerned.run(() => isDone), happen()])
    await recorder.readAll(ports(), others.tokens)
    return { hasOthers: true, figures, violations }
  }
}

/** Sessions on the healthy servers, and one on the server that will be down. */
async function makeSessions (run: Run, victims: Recorder, down: ThrowAwayServer): Promise<[healthy: string[], lost: string]> {
  const { place, ports, recorder } = run
  const healthy: string[] = []
  let lost: string | null = null
  while (healthy.length < SESSIONS_PER_SERVER * 2 || lost === null) {
    const made = new Recorder(() => run.clock.bounds())
    const { issued, answer } = await made.send(0, ports()[0]!, null, stepOf('create', { key: 'made', value: recorder.newValue() }))
    const isLost = await serverOf(place, answer!.id) === down
    if (isLost) lost = issued
    else healthy.push(issued!)
    ;(isLost ? victims : recorder).events.push(...made.events)
  }
  return [healthy, lost]
}

/** How long it takes until the sessions of a server that is back are served, in milliseconds. */
async function untilServed ({ events }: Recorder, backAt: number): Promise<number> {
  const isServed = (): boolean => events.some(({ begin, status }) => begin >= backAt && status === 200)
  while (!isServed() && moment() - backAt < PATIENCE_MS) await sleep(PAUSE_MS)
  return moment() - backAt
}
