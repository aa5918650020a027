import t, { type Test } from 'tap'
import { DatabaseBackend } from '../../lib/database.ts'
import type { SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { contextOf, DATABASES, databaseBench, openDatabase } from '../helpers/databases.ts'

const RIVALS = 200
const ROUNDS = 5

async function winnersOf (rivals: readonly SessionRecord[], write: (rival: SessionRecord) => ReturnType<SessionBackend['write']>) {
  const answers = await Promise.all(rivals.map(async rival => await write(rival)))
  return rivals.filter(({ id }, n) => answers[n] === id)
}

for (const name of DATABASES) {
  t.test(`of ${RIVALS} parallel writes of one version ${name} lets one win, and the losers learn who`, async t => {
    const { backend, record, next } = await databaseBench(t, await openDatabase(t, name))
    let stands = record()
    await backend.write(stands.id, stands, 0)
    for (let round = 0; round < ROUNDS; round++) {
      const rivals = Array.from({ length: RIVALS }, (_, n) => next(stands, { data: `{"n":${n}}` }))
      const answers = await Promise.all(rivals.map(async rival => await backend.write(rival.id, rival, stands.version)))
      const winners = rivals.filter(({ id }, n) => answers[n] === id)
      t.equal(winners.length, 1)
      t.ok(answers.every(answer => typeof answer === 'string' || answer?.version === winners[0]!.version))
      stands = winners[0]!
    }
  })

  // The tests below need parallel connections, and PGlite has a single connection.
  if (name === 'PGlite') continue
  t.test(`of ${RIVALS} parallel creations over an expired session ${name} lets one win`, async t => {
    const { backend, clock, record, next } = await databaseBench(t, await openDatabase(t, name))
    const old = record({ expiresAt: clock.now + 1 })
    await backend.write(old.id, old, 0)
    clock.now += 1
    const rivals = Array.from({ length: RIVALS }, () => next(old, { expiresAt: clock.now + 1_000 }))
    const winners = await winnersOf(rivals, rival => backend.write(rival.id, rival, 0))
    t.equal(winners.length, 1)
    t.equal((await backend.read(old.id))?.version, winners[0]!.version)
  })

  t.test(`unconditional writes on ${name} in parallel all succeed, and one of them stands`, async t => {
    const { backend, record, next } = await databaseBench(t, await openDatabase(t, name))
    const first = record()
    const rivals = Array.from({ length: 20 }, () => next(first))
    t.equal((await winnersOf(rivals, rival => backend.write(rival.id, rival))).length, rivals.length)
    const stands = await backend.read(first.id)
    t.ok(rivals.some(({ version }) => version === stands?.version))
  })
}

/** Two backends on the same table with separate connections, as in two processes. */
async function twoNodes (t: Test, name: 'PostgreSQL' | 'MariaDB') {
  const bench = await databaseBench(t, await openDatabase(t, name))
  const { db } = await openDatabase(t, name)
  const other = new DatabaseBackend(db, { table: bench.root.place.table, pool: false }).bind(contextOf({ now: () => bench.clock.now }))
  return { ...bench, other }
}

for (const name of ['PostgreSQL', 'MariaDB'] as const) {
  t.test(`two nodes that sweep ${name} at once remove each expired session once, and none that is renewed meanwhile`, async t => {
    const { backend, other, clock, record } = await twoNodes(t, name)
    const sessions = Array.from({ length: 600 }, (_, n) => record({ expiresAt: clock.now + 1 + (n % 3) }))
    await Promise.all(sessions.map(session => backend.write(session.id, session, 0)))
    clock.now += 2
    const [dead, dying] = [sessions.filter(({ expiresAt }) => expiresAt <= clock.now), sessions.filter(({ expiresAt }) => expiresAt > clock.now)]
    const renewals = dying.map(session => other.touch(session.id, { ...session, expiresAt: clock.now + 1_000 }))
    const sweeps = Array.from({ length: 6 }, (_, n) => (n % 2 === 0 ? backend : other).removeExpired({ limit: 150 }))
    t.ok((await Promise.all(renewals)).every(isThere => isThere))
    let removed = (await Promise.all(sweeps)).reduce((sum, count) => sum + count, 0)
    removed += await backend.removeExpired({})
    t.equal(removed, dead.length)
    t.equal(await backend.count({}), dying.length)
  })

  t.test(`a user's sessions are ended on ${name} while other requests write to them`, async t => {
    const { backend, other, record, next } = await twoNodes(t, name)
    const sessions = Array.from({ length: 50 }, () => record({ subject: 'ada' }))
    await Promise.all(sessions.map(session => backend.write(session.id, session, 0)))
    const writes = sessions.map(session => other.write(session.id, next(session), session.version))
    const [removed] = await Promise.all([backend.removeSubject('ada', {}), ...writes])
    t.equal(removed, sessions.length)
    t.equal(await backend.count({ subject: 'ada' }), 0)
  })
}

t.test('removing expired sessions begins with the oldest', async t => {
  for (const name of DATABASES) {
    const { backend, clock, record } = await databaseBench(t, await openDatabase(t, name))
    const [old, older] = [record({ expiresAt: clock.now + 2 }), record({ expiresAt: clock.now + 1 })]
    for (const session of [old, older]) await backend.write(session.id, session, 0)
    clock.now += 3
    t.equal(await backend.removeExpired({ limit: 1 }), 1)
    clock.now -= 2
    t.equal(await backend.read(older.id), null, `${name}: the older one is gone`)
    t.not(await backend.read(old.id), null)
  }
})

t.test('an end of what is not there is done where nothing was expected, and refused where something was', async t => {
  const { backend, record } = await databaseBench(t, await openDatabase(t, 'SQLite in memory'))
  const dead = record({ expiresAt: 0 })
  t.equal(await backend.write(dead.id, dead, 0), dead.id)
  t.equal(await backend.write(dead.id, dead, 7), null)
})
