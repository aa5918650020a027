import { check } from './checker.ts'
import { Clock } from './clock.ts'
import type { Event, History, Violation } from './history.ts'
import { closeConnections, send } from './http.ts'
import { endingTimes, type Times, wronglyUnavailable } from './measures.ts'
import { moment } from './moment.ts'
import type { Place } from './places.ts'
import { Recorder } from './recorder.ts'
import { scenarios } from './scenarios/index.ts'
import type { Outcome, Scenario } from './scenarios/scenario.ts'
import { type Server, startHere, startServer } from './servers.ts'
import { stores } from './stores.ts'

export interface StressOptions {
  readonly place: Place
  /** A name in scenarios/. */
  readonly scenario: string
  readonly seed: number
  readonly seconds: number
  readonly servers: number
  readonly clients: number
  /** How often the scenario that kills does it; `null`: until the time is over. */
  readonly kills: number | null
  readonly onProgress?: (text: string) => void
}

export interface Report {
  readonly requests: number
  /** How many requests of each kind succeeded, and how many were refused by which error. */
  readonly counts: Readonly<Record<string, number>>
  /** How long endings and new ids took, by kind. */
  readonly endings: Readonly<Record<string, Times>>
  /** How many requests got a 503 although their client did nothing wrong and no server of theirs was down. */
  readonly unavailable: number
  /** What only the scenario counts. */
  readonly figures: Readonly<Record<string, number | string>>
  readonly violations: readonly Violation[]
}

const PROGRESS_MS = 5_000

/** Runs servers and a scenario for some seconds, then looks for broken promises. */
export async function stress (options: StressOptions): Promise<Report> {
  const { place, servers: count, seconds, onProgress = () => {} } = options
  const scenario = scenarios[options.scenario]!
  const start = async (): Promise<Server> => await startFor(place, scenario)
  const servers = await Promise.all(Array.from({ length: scenario.servers ?? count }, start))
  const clock = new Clock(servers)
  const recorder = new Recorder(() => clock.bounds())
  const begin = moment()
  const isOver = (): boolean => moment() - begin >= seconds * 1_000 || servers.some(({ crash }) => crash !== null)
  const say = (): void => { onProgress(`${Math.round((moment() - begin) / 1_000)} s, ${recorder.events.length} requests`) }
  const saying = setInterval(say, PROGRESS_MS)
  try {
    const { timeoutMs } = scenario
    const ports = (): number[] => servers.map(({ ready }) => ready.port)
    const outcome = await scenario.run({ ...options, timeoutMs, servers, clock, recorder, ports, isOver, start })
    return await reportOf(scenario, place, servers, recorder.events, outcome)
  } finally {
    clearInterval(saying)
    await Promise.all(servers.map(server => server.stop()))
    closeConnections()
  }
}

async function startFor (
  { store, space, url, isHere }: Place, { absoluteMs, timeoutMs, hasNeighbour = false, isRefusing = false, limit = null }: Scenario
): Promise<Server> {
  const options = { store, space, url, absoluteMs, timeoutMs, hasNeighbour, isRefusing, limit }
  return isHere ? await startHere(options) : await startServer(options)
}

async function reportOf (
  { absoluteMs, timeoutMs, movesClocks = false }: Scenario, { store }: Place, servers: readonly Server[], events: Event[], outcome: Outcome
): Promise<Report> {
  const { mayFail = () => false, violations = [], figures = {}, hasOthers = false } = outcome
  const hasClock = servers.every(({ ready }) => ready.hasClock)
  const stored = hasOthers ? null : await storedIn(servers)
  const staleMs = stores[store]?.staleMs ?? 0
  const absolute = hasClock ? absoluteMs : Infinity
  const history: History = { events, timeoutMs, clocksAgree: !movesClocks, stored, mayFail, staleMs, absoluteMs: absolute }
  const broken = check(history)
  const late = staleMs === 0 ? {} : { 'stale reads within the lease': check({ ...history, staleMs: 0 }).length - broken.length }
  const crashes = servers.flatMap(({ crash }) => crash === null ? [] : [{ promise: 'no process crashes', detail: crash }])
  return {
    requests: events.length,
    counts: countsOf(events),
    endings: endingTimes(events),
    unavailable: wronglyUnavailable(events, mayFail),
    figures: { ...figures, ...late },
    violations: [...crashes, ...violations, ...broken]
  }
}

async function storedIn ([server]: readonly Server[]): Promise<History['stored']> {
  if (server === undefined || !server.ready.canList || server.crash !== null) return null
  const { status, body } = await send('POST', server.ready.port, '/stored', null, {})
  if (status !== 200) throw new Error(`the sessions cannot be listed: ${JSON.stringify(body)}`)
  return body.sessions
}

function countsOf (events: readonly Event[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { kind, status, code } of events) {
    const name = status === 200 ? kind : `${status} ${code ?? ''}`.trim()
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
