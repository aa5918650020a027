import t from 'tap'
import { moveOn } from '../../../lib/backends/migrating/move.ts'
import { locate } from '../../../lib/backends/migrating/whereabouts.ts'
import type { MigratingBackend } from '../../../lib/migrate.ts'
import { endingAt, tombstone } from '../../../lib/record/record.ts'
import type { SessionBackend, SessionRecord } from '../../../types/index.d.ts'
import { gated, newStore, nodeOf, type Step } from '../../helpers/migrations.ts'
import { everyOrderOf, type Gate } from '../../helpers/orders.ts'
import { newRecord, nextOf } from '../../helpers/records.ts'
import { HOUR_MS, START } from '../../helpers/times.ts'

/*
 * Nodes of both steps work on one session, in every order of their calls of the two stores. Whatever the order:
 * - an ending that was answered stands, and nothing brings the session back
 * - without one the session lives, with all that was written and answered, and no renewal is lost
 * - both steps see the same session, and list it once
 */

const ID = 'a'.repeat(64)
const RENEWED = START + 2 * HOUR_MS
const TRIES = 8

interface Site {
  readonly step: Step
  readonly node: MigratingBackend
  readonly old: SessionBackend
  readonly next: SessionBackend
  readonly outcome: Outcome
  readonly name: string
}

/** What actors were answered. */
interface Outcome { readonly written: string[], ended: boolean, renewed: boolean, created: number, lied: string[] }

const isAlive = (record: SessionRecord | null): record is SessionRecord => record !== null && record.data !== ''

async function replace (node: MigratingBackend, make: (stands: SessionRecord) => SessionRecord): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries++) {
    const stands = await node.read(ID)
    if (!isAlive(stands)) return false
    const made = make(stands)
    if (await node.write(ID, made, stands.version) === ID) return true
  }
  throw new Error('a node was refused again and again')
}

const actions: Readonly<Record<string, (site: Site) => Promise<void>>> = {
  async write ({ node, outcome, name }) {
    const isWritten = await replace(node, stands => nextOf(stands, { data: JSON.stringify({ ...JSON.parse(stands.data), [name]: 1 }) }))
    if (isWritten) outcome.written.push(name)
    else if (!outcome.ended) outcome.lied.push(`${name} saw no session`)
  },
  async end ({ node, outcome }) {
    await replace(node, stands => nextOf(stands, { data: '', subject: null, meta: null, expiresAt: 0 }))
    outcome.ended = true
  },
  async bury ({ node, outcome }) {
    await replace(node, () => tombstone(ID, START, { reason: 'revoked' }))
    outcome.ended = true
  },
  async buryBlindly ({ node, outcome }) {
    await node.write(ID, tombstone(ID, START, { reason: 'revoked' }))
    outcome.ended = true
  },
  async remove ({ node, outcome }) {
    await node.remove(ID)
    outcome.ended = true
  },
  async revoke ({ node, outcome }) {
    await node.removeSubject('alice', { ending: endingAt(START, { reason: 'revoked' }) })
    outcome.ended = true
  },
  async revokeLabel ({ node, outcome }) {
    await node.removeLabel('x', {})
    outcome.ended = true
  },
  async revokeAll ({ node, outcome }) {
    // The core does it twice, for what has come meanwhile.
    await node.removeAll()
    await node.removeAll()
    outcome.ended = true
  },
  async touch ({ node, outcome, name }) {
    const stands = await node.read(ID)
    if (!isAlive(stands)) return
    const answer = await node.touch(ID, { ...stands, lastAccessedAt: START + 1, expiresAt: RENEWED })
    if (answer === true) outcome.renewed = true
    if (answer === false && !outcome.ended) outcome.lied.push(`${name} found nothing to renew`)
  },
  async move ({ old, next }) {
    const migration = { old, next, moves: true, now: () => START }
    for (let tries = 0; tries < TRIES; tries++) {
      const where = await locate(migration, ID)
      if (where.store !== 'old') return
      await moveOn(migration, ID, where, undefined)
    }
    throw new Error('the session did not move')
  },
  async list ({ node, outcome, name }) {
    const { sessions } = await node.list({ subject: 'alice' })
    if (sessions.length === 0 && !outcome.ended) outcome.lied.push(`${name} listed nothing`)
  },
  async create ({ node, outcome, name }) {
    if (await node.write(ID, first({ [name]: 1 }), 0) === ID) outcome.created++
  }
}

function first (data: object): SessionRecord {
  return newRecord({ id: ID, data: JSON.stringify(data), subject: 'alice', meta: { labels: ['x'] } }, START)
}

/** Endings are under way from their begin on: what others see of them meanwhile is no lie. */
const ENDINGS = ['end', 'bury', 'buryBlindly', 'remove', 'revoke', 'revokeLabel', 'revokeAll']

const isEnding = (name: string): boolean => ENDINGS.includes(name.slice(0, -1))

/**
 * Tries every order of the actors.
 *
 * @param begins where the session is at the beginning
 * @param names an action and a step each, such as `write2`
 */
async function tryAll (names: readonly string[], begins: 'old' | 'halfway' | 'next' | 'nowhere'): Promise<number> {
  return await everyOrderOf(() => {
    const [old, next] = [newStore(), newStore()]
    const record = first({ base: 1 })
    if (begins === 'old' || begins === 'halfway') old.write(ID, record, 0)
    // A node that has died after its copy.
    if (begins === 'halfway') next.write(ID, { ...record, version: 7, meta: { ...record.meta, moved: record.version } }, 0)
    if (begins === 'next') next.write(ID, record, 0)
    const hasEnding = names.some(isEnding)
    const outcome: Outcome = { written: [], ended: hasEnding, renewed: false, created: 0, lied: [] }
    const actors = names.map((name, n) => async (gate: Gate) => {
      const step = Number(name.at(-1)) as Step
      const [mine, theirs] = [gated(old, 'old', gate), gated(next, 'next', gate)]
      await actions[name.slice(0, -1)]!({ step, node: nodeOf(step, mine, theirs), old: mine, next: theirs, outcome, name: `${name}#${n}` })
    })
    const check = async (): Promise<void> => {
      const problem = await problemOf(outcome, nodeOf(1, old, next), nodeOf(2, old, next), begins !== 'nowhere')
      if (problem !== null) throw new Error(`${names.join(', ')} from ${begins}: ${problem}`)
    }
    return { actors, check }
  })
}

async function problemOf (outcome: Outcome, one: MigratingBackend, two: MigratingBackend, wasThere: boolean): Promise<string | null> {
  const [seen, same] = [await one.read(ID), await two.read(ID)]
  if (outcome.lied.length > 0) return outcome.lied.join(', ')
  if (JSON.stringify(seen) !== JSON.stringify(same)) return `the steps do not see the same: ${JSON.stringify([seen, same])}`
  if (outcome.created > 1) return 'a session was created twice'
  const expected = !outcome.ended && (wasThere || outcome.created > 0)
  if (isAlive(seen) !== expected) return expected ? 'the session is lost' : 'the session is back'
  for (const node of [one, two]) {
    const { sessions } = await node.list({ subject: 'alice' })
    if (sessions.length !== (expected ? 1 : 0)) return `${sessions.length} sessions are listed`
  }
  if (!isAlive(seen)) return null
  if (seen.meta?.moved !== undefined) return 'a marker shows'
  const data = JSON.parse(seen.data)
  for (const key of outcome.written) if (data[key] !== 1) return `what ${key} wrote is lost`
  if (outcome.renewed && outcome.written.length === 0 && seen.expiresAt !== RENEWED) return 'a renewal is lost'
  return null
}

const ACTORS = ['write1', 'write2', 'touch1', 'touch2', 'move2', ...ENDINGS.flatMap(name => [`${name}1`, `${name}2`])]

for (const begins of ['old', 'halfway', 'next'] as const) {
  t.test(`two nodes of any step neither lose nor revive a session that is ${begins}, in any order of their calls`, async t => {
    let orders = 0
    for (const [n, a] of ACTORS.entries()) {
      // Two endings are no danger to each other.
      const others = ACTORS.slice(n).filter(b => !isEnding(a) || !isEnding(b))
      for (const b of others) orders += await tryAll([a, b], begins)
    }
    t.ok(orders > 500)
  })
}

t.test('two nodes that move a session agree, whatever ends it meanwhile', async t => {
  t.ok(await tryAll(['move2', 'move2', 'end1'], 'old') > 1_000)
})

t.test('one of two nodes creates a session, whichever steps they are in', async t => {
  for (const pair of [['create1', 'create1'], ['create1', 'create2'], ['create2', 'create2']]) t.ok(await tryAll(pair, 'nowhere') > 0)
})
