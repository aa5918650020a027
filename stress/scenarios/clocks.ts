import { DAY_MS, HOUR_MS } from '../../test/helpers/times.ts'
import type { Scenario } from './scenario.ts'
import { sendTraffic } from './traffic.ts'

/** The clocks of the servers are an hour apart, from the first server to the last. */
export const clocks: Scenario = {
  about: 'the clocks of the servers are up to an hour apart',
  timeoutMs: 5_000,
  // No session comes near its deadline, whichever clock decides.
  absoluteMs: DAY_MS,
  movesClocks: true,
  isFor: () => true,
  async run (run) {
    const { servers, recorder, ports } = run
    const stepMs = HOUR_MS / Math.max(1, servers.length - 1)
    await Promise.all(servers.map((server, n) => server.setOffset(Math.floor(n * stepMs - HOUR_MS / 2))))
    await sendTraffic(run)
    await recorder.readAll(ports())
    return {}
  }
}
