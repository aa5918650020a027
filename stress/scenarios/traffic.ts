import { Clients } from '../clients.ts'
import { Random } from '../random.ts'
import { mixFor, type Outcome, type Run, type Scenario } from './scenario.ts'

/** Everything at once, while the clocks of all servers jump forward. */
export const traffic: Scenario = {
  about: 'everything at once, while the clocks of all servers jump forward',
  timeoutMs: 5_000,
  absoluteMs: 10_000,
  movesClocks: true,
  isFor: () => true,
  async run (run) {
    const hasClock = run.servers.every(({ ready }) => ready.hasClock)
    await Promise.all([sendTraffic(run), hasClock ? run.clock.run(run.isOver, new Random(run.seed)) : null])
    return await readEverything(run)
  }
}

export async function sendTraffic (run: Run): Promise<void> {
  const { seed, clients, ports, recorder, isOver } = run
  await new Clients({ seed, clients, ports, mix: mixFor(run) }, recorder).run(isOver)
}

async function readEverything ({ recorder, ports }: Run): Promise<Outcome> {
  await recorder.readAll(ports())
  return {}
}
