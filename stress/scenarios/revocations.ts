import { setTimeout as sleep } from 'node:timers/promises'
import { DAY_MS } from '../../test/helpers/times.ts'
import { openConnections } from '../http.ts'
import { Random } from '../random.ts'
import { stepOf } from '../recorder.ts'
import type { Scenario } from './scenario.ts'

const AT_ONCE = 50
/** Sign-ins of a round take about so long. */
const WITHIN_MS = 60

/** A subject is revoked while fifty sign-ins of it are under way, in rounds. The checker knows which of them must not live. */
export const revocations: Scenario = {
  about: 'a revocation of a subject beside fifty sign-ins of it',
  timeoutMs: 10_000,
  absoluteMs: DAY_MS,
  isFor: store => store !== 'memcached' && store !== '@fastify/session',
  async run ({ seed, ports, recorder, isOver }) {
    const random = new Random(seed)
    for (const port of ports()) await openConnections(port, AT_ONCE + 1)
    let rounds = 0
    for (; !isOver(); rounds++) {
      const subject = `revoked${rounds}`
      const signIns = Promise.all(Array.from({ length: AT_ONCE }, async (_, n) => {
        await sleep(random.below(WITHIN_MS))
        return await recorder.send(n, random.of(ports()), null, stepOf('login', { subject, key: 'own', value: recorder.newValue() }))
      }))
      await sleep(random.below(WITHIN_MS))
      await recorder.send(-1, random.of(ports()), null, stepOf('revoke', { subject }))
      const issued = (await signIns).flatMap(({ issued }) => issued ?? [])
      await recorder.readAll(ports().slice(0, 1), issued)
    }
    return { figures: { rounds } }
  }
}
