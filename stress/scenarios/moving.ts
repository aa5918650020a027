import { setTimeout as sleep } from 'node:timers/promises'
import { DAY_MS } from '../../test/helpers/times.ts'
import type { Run, Scenario } from './scenario.ts'
import { sendTraffic } from './traffic.ts'

/** Sessions move from one store to another, by a deployment which reaches one server after the other. */
export const moving: Scenario = {
  about: 'sessions move to another store, while step two of the move is deployed to one server after the other',
  timeoutMs: 5_000,
  absoluteMs: DAY_MS,
  isFor: store => store === 'redis to postgres',
  async run (run) {
    const [deployed] = await Promise.all([deploy(run), sendTraffic(run)])
    await run.recorder.readAll(run.ports())
    return { figures: { deployed } }
  }
}

/** The last server is reached when two thirds of the time are over: some time before and after, all servers are in one step. */
async function deploy ({ servers, seconds, isOver }: Run): Promise<number> {
  const pauseMs = seconds * 1_000 / (1.5 * (servers.length + 1))
  let deployed = 0
  for (const server of servers) {
    await sleep(pauseMs)
    if (isOver()) return deployed
    await server.advance()
    deployed++
  }
  return deployed
}
