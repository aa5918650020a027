import { DAY_MS } from '../../test/helpers/times.ts'
import type { Violation } from '../history.ts'
import { openConnections } from '../http.ts'
import { Recorder, stepOf } from '../recorder.ts'
import type { Limit } from '../serve.ts'
import type { Run, Scenario } from './scenario.ts'

const MOST = 5
const AT_ONCE = 50
const PROMISE = 'exactly as many sessions live as may'
/** Stores that can list, which counting needs. */
const CANNOT = new Set(['memcached', 'cookie', '@fastify/session'])

/** Many sign-ins of one subject at once, in rounds, on all servers: as many live afterwards as may, in each round. */
function limited (onLimit: Limit['onLimit'], about: string): Scenario {
  return {
    about,
    timeoutMs: 10_000,
    absoluteMs: DAY_MS,
    limit: { most: MOST, onLimit },
    isFor: store => !CANNOT.has(store),
    async run (run) {
      const { clock, isOver, ports } = run
      for (const port of ports()) await openConnections(port, AT_ONCE)
      const violations: Violation[] = []
      const recorder = new Recorder(() => clock.bounds())
      let [rounds, longestMs] = [0, 0]
      for (; !isOver(); rounds++) {
        const begin = Date.now()
        violations.push(...await round(run, recorder, `limited${rounds}`, onLimit))
        longestMs = Math.max(longestMs, Date.now() - begin)
      }
      return { violations, hasOthers: true, figures: { rounds, 'longest round (ms)': longestMs } }
    }
  }
}

async function round (run: Run, recorder: Recorder, subject: string, onLimit: Limit['onLimit']): Promise<Violation[]> {
  const ports = run.ports()
  const signIns = await Promise.all(Array.from({ length: AT_ONCE }, async (_, n) => {
    const step = stepOf('login', { subject, key: 'own', value: recorder.newValue() })
    return await recorder.send(n, ports[n % ports.length]!, null, step)
  }))
  const answers = signIns.map(({ status }) => status)
  const expected = onLimit === 'reject' ? (status: number) => status === 200 || status === 403 : (status: number) => status === 200
  const wrong = answers.filter(status => !expected(status))
  const issued = signIns.flatMap(({ issued }) => issued ?? [])
  const reads = await Promise.all(issued.map(async token => await recorder.send(-1, ports[0]!, token, stepOf('read'))))
  const alive = reads.filter(({ answer }) => answer?.isAccepted === true).length
  const violations: Violation[] = []
  if (alive !== MOST) violations.push({ promise: PROMISE, detail: `${alive} of ${issued.length} sessions of ${subject} are alive` })
  if (wrong.length > 0) violations.push({ promise: 'a sign-in is answered', detail: `${subject}: ${wrong.join(', ')}` })
  return violations
}

export const evictions = limited('evict-oldest', 'fifty sign-ins of one subject at once, of which the last five live')
export const refusals = limited('reject', 'fifty sign-ins of one subject at once, of which five are let in')
