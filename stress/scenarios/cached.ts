import { DAY_MS } from '../../test/helpers/times.ts'
import { Clients, type Mix } from '../clients.ts'
import { send } from '../http.ts'
import type { Outcome, Run, Scenario } from './scenario.ts'

const MIX: Mix = { read: 120, write: 8, count: 4, login: 2, regenerate: 1, destroy: 2, create: 1, end: 1, revoke: 1 }

/** Many reads beside writes and endings, through a cache in each server: what is stale is found, and counted. */
export const cached: Scenario = {
  about: 'many reads beside writes and logouts, through a cache in each server',
  timeoutMs: 5_000,
  absoluteMs: DAY_MS,
  isFor: store => store.startsWith('cached'),
  async run (run) {
    const { seed, clients, ports, recorder, isOver } = run
    await new Clients({ seed, clients, ports, mix: MIX }, recorder).run(isOver)
    const outcome = { figures: await cacheFigures(run) }
    await recorder.readAll(ports())
    return outcome
  }
}

async function cacheFigures ({ ports }: Run): Promise<NonNullable<Outcome['figures']>> {
  const sum = { hits: 0, misses: 0 }
  for (const port of ports()) {
    const { cache } = (await send('POST', port, '/metrics', null, {})).body
    sum.hits += cache.hits
    sum.misses += cache.misses
  }
  const share = (100 * sum.hits / (sum.hits + sum.misses)).toFixed(1)
  return { 'reads that asked no server': `${sum.hits} of ${sum.hits + sum.misses} (${share} %)` }
}
