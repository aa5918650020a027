import { setTimeout as sleep } from 'node:timers/promises'
import { check } from './checker.ts'
import { Clients } from './clients.ts'
import type { Event, History, Violation } from './history.ts'
import { closeConnections, send } from './http.ts'
import { Random } from './random.ts'
import { type Server, startHere, startServer } from './servers.ts'

export interface StressOptions {
  /** A name in stores.ts or wrong.ts. */
  readonly store: string
  /** Keeps the sessions of runs apart on one server. */
  readonly space: string
  /** The address of the server or the path of the folder; `null` for a store in memory. */
  readonly url: string | null
  readonly seed: number
  readonly seconds: number
  readonly servers: number
  /** Whether all servers run in this process; otherwise each server has its own process. */
  readonly isHere: boolean
  readonly clients: number
}

export interface Report {
  readonly requests: number
  /** How many requests of each kind succeeded, and how many were refused by which error. */
  readonly counts: Readonly<Record<string, number>>
  readonly violations: readonly Violation[]
}

const TIMEOUT_MS = 5_000
/** The absolute timeout of sessions, by the servers' clocks, which jump now and then. */
const ABSOLUTE_MS = 10_000
const JUMP_MS = 9_000
const MS_PER_JUMP = 400

/** Runs servers and clients for some seconds, then looks for broken promises. */
export async function stress ({ store, space, url, seed, seconds, servers: count, isHere, clients }: StressOptions): Promise<Report> {
  const options = { store, space, url, absoluteMs: ABSOLUTE_MS, timeoutMs: TIMEOUT_MS }
  const servers = await Promise.all(Array.from({ length: count }, () => isHere ? startHere(options) : startServer(options)))
  try {
    const clock = new Clock(servers)
    const traffic = new Clients({
      seed,
      clients,
      canRevoke: servers.every(({ ready }) => ready.canRevoke),
      ports: () => servers.map(({ ready }) => ready.port),
      clock: () => clock.bounds()
    })
    const hasClock = servers.every(({ ready }) => ready.hasClock)
    const deadline = performance.now() + seconds * 1_000
    const isOver = (): boolean => performance.now() >= deadline || servers.some(({ crash }) => crash !== null)
    await Promise.all([traffic.run(isOver), hasClock ? clock.run(isOver, new Random(seed)) : null])
    await traffic.readAll()
    const absoluteMs = hasClock ? ABSOLUTE_MS : Infinity
    const history = { events: traffic.events, absoluteMs, timeoutMs: TIMEOUT_MS, stored: await storedIn(servers) }
    const crashes = servers.flatMap(({ crash }) => crash === null ? [] : [{ promise: 'no process crashes', detail: crash }])
    return { requests: traffic.events.length, counts: countsOf(traffic.events), violations: [...crashes, ...check(history)] }
  } finally {
    await Promise.all(servers.map(server => server.stop()))
    closeConnections()
  }
}

/** The clock of the servers: the time of the machine, moved forward now and then. */
class Clock {
  readonly #servers: readonly Server[]
  /** The offset that all servers have, and the offset that some servers may have already. */
  #leastMs = 0
  #mostMs = 0

  constructor (servers: readonly Server[]) {
    this.#servers = servers
  }

  bounds (): { least: number, most: number } {
    const now = Date.now()
    return { least: now + this.#leastMs, most: now + this.#mostMs }
  }

  async run (isOver: () => boolean, random: Random): Promise<void> {
    while (!isOver()) {
      await sleep(MS_PER_JUMP)
      this.#mostMs = this.#leastMs + random.below(JUMP_MS)
      await Promise.all(this.#servers.map(server => server.setOffset(this.#mostMs)))
      this.#leastMs = this.#mostMs
    }
  }
}

async function storedIn ([server]: readonly Server[]): Promise<History['stored']> {
  if (server === undefined || !server.ready.canList || server.crash !== null) return null
  const { status, body } = await send('GET', server.ready.port, '/stored', null)
  if (status !== 200) throw new Error(`the sessions cannot be listed: ${JSON.stringify(body)}`)
  return (body.ids as string[]).map(id => ({ id }))
}

function countsOf (events: readonly Event[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { kind, status, code } of events) {
    const name = status === 200 ? kind : `${status} ${code ?? ''}`.trim()
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}
