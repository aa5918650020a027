import { setTimeout as sleep } from 'node:timers/promises'
import { DAY_MS } from '../../test/helpers/times.ts'
import { Bystanders } from '../bystanders.ts'
import type { Event, Kind } from '../history.ts'
import { openConnections } from '../http.ts'
import { Random } from '../random.ts'
import { stepOf } from '../recorder.ts'
import type { Run, Scenario } from './scenario.ts'

/** A burst keeps so many transactions of one session going … */
const BURST_PER_CLIENT = 6
/** … whose functions take nothing, or 20 ms: then the turns in front of an ending last longer than the time limit. */
const HOLDS_MS = [0, 80]
const LEAST_LEAD_MS = 50
const LEAD_MS = 400
const BYSTANDERS = 4
const ENDINGS: readonly Kind[] = ['destroy', 'login', 'regenerate', 'end', 'revoke']

/** Endings and new ids beside a burst of transactions of the same session. */
export const bursts: Scenario = {
  about: 'logouts, sign-ins, new ids and revocations beside bursts of transactions of the same session',
  timeoutMs: 2_000,
  absoluteMs: DAY_MS,
  isFor: () => true,
  async run (run) {
    const { seed, clients, ports, recorder, isOver } = run
    const most = clients * BURST_PER_CLIENT + BYSTANDERS + 1
    for (const port of ports()) await openConnections(port, most)
    const others = new Bystanders({ seed, ports, count: BYSTANDERS, pauseMs: 20, mix: { read: 3, write: 3, count: 2 } }, recorder)
    await Promise.all([others.run(isOver), runBursts(run)])
    return { mayFail: isBurst }
  }
}

async function runBursts (run: Run): Promise<void> {
  const random = new Random(run.seed)
  const endings = ENDINGS.filter(kind => kind !== 'revoke' || run.servers.every(({ ready }) => ready.canRevoke))
  for (let round = 0; !run.isOver(); round++) await burst(run, random, round, endings[round % endings.length]!)
}

async function burst ({ clients, ports, recorder }: Run, random: Random, round: number, kind: Kind): Promise<void> {
  const subject = `burst${round}`
  const port = random.of(ports())
  const begin = stepOf('login', { subject, key: 'begun', value: recorder.newValue() })
  const { issued: token } = await recorder.send(0, port, null, begin)
  if (token === null) return
  const state = { isEnded: false }
  const holdMs = random.of(HOLDS_MS)
  // A busy tab stays on one server in half of the rounds: there, its transactions wait for each other in one queue.
  const portOf = random.isLessThan(0.5) ? () => port : () => random.of(ports())
  const count = async (client: number): Promise<void> => {
    while (!state.isEnded) {
      const { answer } = await recorder.send(client, portOf(), token, stepOf('count', { key: 'count', holdMs }))
      if (answer?.isAccepted === false) return
    }
  }
  const counting = Promise.all(Array.from({ length: clients * BURST_PER_CLIENT }, (_, n) => count(n + 1)))
  await sleep(LEAST_LEAD_MS + random.below(LEAD_MS))
  const ending = stepOf(kind, { subject, key: `login${round}`, value: recorder.newValue() })
  const { issued } = await recorder.send(0, portOf(), token, ending)
  state.isEnded = true
  await counting
  await recorder.readAll(ports(), issued === null ? [token] : [token, issued])
}

/** The transactions of a burst wait for each other: some do not get their turn within the time limit. */
function isBurst ({ client, kind }: Event): boolean { return client > 0 && client < 1_000 && kind === 'count' }
