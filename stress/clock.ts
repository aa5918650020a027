import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from './random.ts'
import type { Bounds } from './recorder.ts'
import type { Server } from './servers.ts'

const JUMP_MS = 9_000
const MS_PER_JUMP = 400

/** The clock of the servers: the time of the machine, moved forward now and then. */
export class Clock {
  readonly #servers: readonly Server[]
  /** The offset that all servers have, and the offset that some servers may have already. */
  #leastMs = 0
  #mostMs = 0

  constructor (servers: readonly Server[]) {
    this.#servers = servers
  }

  bounds (): Bounds {
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
