import { setTimeout as sleep } from 'node:timers/promises'
import { check } from './checker.ts'
import { Clients } from './clients.ts'
import type { Event, History, Violation } from './history.ts'
import { closeConnections, send } from './http.ts'
import { Random } from './random.ts'
import { type Server, startHere, startServer } from './servers.ts'

export interface StressOptions {
  /** A name of stores.ts or wrong.ts. */
  readonly store: string
  /** Sets this store apart from others on the same server. */
  readonly space: string
  /** Where the store is; `null` when it needs no place. */
  readonly url: string | null
  readonly seed: number
  readonly seconds: number
  readonly servers: number
  /** Whether they are in this process, else each has its own. */
  readonly isHere: boolean
  readonly clients: number
}

export interface Report {
  readonly requests: number
  /** How many of each kind, and of each kind of refusal. */
  readonly counts: Readonly<Record<string, number>>
  readonly violations: readonly Violation[]
}

const TIMEOUT_MS = 5_000
/** Sessions live so long by the servers' clock, which jumps now and then. */
const ABSOLUTE_MS = 10_000
const JUMP_MS = 9_000
const MS_PER_JUMP = 400

/** Runs servers and clients for so long, and looks for promises that were not kept. */
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
    const history = { events: traffic.events, absoluteMs: hasClock ? ABSOLUTE_MS : Infinity, timeoutMs: TIMEOUT_MS, stored: await storedIn(servers) }
    const crashes = servers.flatMap(({ crash }) => crash === null ? [] : [{ promise: 'no process crashes', detail: crash }])
    return { requests: traffic.events.length, counts: countsOf(traffic.events), violations: [...crashes, ...check(history)] }
  } finally {
    await Promise.all(servers.map(server => server.stop()))
    closeConnections()
  }
}

/** The clock of the servers: that of the machine, moved forward now and then. */
class Clock {
  readonly #servers: readonly Server[]
  /** What all servers have heard of, and what some may have. */
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
