import { setTimeout as sleep } from 'node:timers/promises'
import { DAY_MS } from '../../test/helpers/times.ts'
import { Bystanders } from '../bystanders.ts'
import { damage } from '../damage.ts'
import type { Event, Step } from '../history.ts'
import { moment } from '../moment.ts'
import { Random } from '../random.ts'
import { Recorder, stepOf } from '../recorder.ts'
import { MOST_KB, UNREADABLE } from '../refusing.ts'
import type { Run, Scenario } from './scenario.ts'

const TIMEOUT_MS = 1_000
const AT_ONCE = 12
const PAUSE_MS = 20
/** Longer than the time limit. */
const SLOW_MS = TIMEOUT_MS * 1.5
const CREATE = stepOf('create', { key: 'made', value: 1 })
const READ = stepOf('read')

/** What the hostile client does in its part of the time, with the cookie of its own session. */
interface Attack {
  readonly session: Step
  readonly step: Step
  readonly isDamaging?: boolean
}

const ATTACKS: Readonly<Record<string, Attack>> = {
  'oversized sessions': { session: CREATE, step: stepOf('fill', { key: 'large', value: MOST_KB * 2 }) },
  'an unreadable session': { session: stepOf('create', { key: UNREADABLE, value: 1 }), step: READ },
  'a damaged session': { session: CREATE, step: READ, isDamaging: true },
  'slow transactions': { session: CREATE, step: stepOf('slow', { holdMs: SLOW_MS }) },
  'invented cookies': { session: CREATE, step: stepOf('write', { key: 'taken', value: 1 }) }
}

/** One client wants the store to count as down. Nobody else may notice. */
export const hostile: Scenario = {
  about: 'one hostile client: oversized, unreadable and damaged sessions, slow transactions, invented cookies',
  timeoutMs: TIMEOUT_MS,
  absoluteMs: DAY_MS,
  isRefusing: true,
  isFor: () => true,
  async run (run) {
    const { seed, ports, recorder, isOver, clients } = run
    const mix = { read: 6, write: 6, count: 4, regenerate: 1, login: 1, destroy: 1 }
    const others = new Bystanders({ seed, ports, mix, count: Math.ceil(clients / 4), pauseMs: PAUSE_MS }, recorder)
    const attacker = new Recorder(() => run.clock.bounds())
    const parts: Part[] = []
    await Promise.all([others.run(isOver), attackAll(run, attacker, parts)])
    await recorder.readAll(ports(), others.tokens)
    return { hasOthers: true, figures: figuresOf(parts, attacker.events, recorder.events) }
  }
}

/** From when to when an attack lasted. */
interface Part { readonly name: string, readonly begin: number, readonly end: number }

async function attackAll (run: Run, attacker: Recorder, parts: Part[]): Promise<void> {
  const names = Object.keys(ATTACKS)
  for (const name of names) {
    const begin = moment()
    const end = begin + run.seconds * 1_000 / names.length
    await attack(run, attacker, ATTACKS[name]!, () => moment() >= end || run.isOver())
    parts.push({ name, begin, end: moment() })
  }
}

async function attack (
  { place, seed, ports }: Run, attacker: Recorder, { session, step, isDamaging }: Attack, isOver: () => boolean
): Promise<void> {
  // All on one server, whose count of failures nobody else's success interrupts for long.
  const port = ports()[0]!
  const { issued: token, answer } = await attacker.send(0, port, null, session)
  if (isDamaging === true && answer !== null) await damage(place, answer.id)
  await Promise.all(Array.from({ length: AT_ONCE }, async (_, client) => {
    const random = new Random(seed * 1_000 + client)
    while (!isOver()) {
      await attacker.send(client, port, step.kind === 'write' ? random.token() : token, step)
      await sleep(PAUSE_MS)
    }
  }))
}

function figuresOf (parts: readonly Part[], attacks: readonly Event[], events: readonly Event[]): Record<string, string> {
  return Object.fromEntries(parts.map(({ name, begin, end }) => {
    const within = (of: readonly Event[]): readonly Event[] => of.filter(event => event.begin >= begin && event.begin < end)
    return [name, `the attacker got ${statusesOf(within(attacks))}; all others got ${statusesOf(within(events))}`]
  }))
}

function statusesOf (events: readonly Event[]): string {
  const counts = new Map<number, number>()
  for (const { status } of events) counts.set(status, (counts.get(status) ?? 0) + 1)
  return [...counts].map(([status, count]) => `${count} × ${status}`).join(', ')
}
