import assert from 'node:assert/strict'
import type { SessionBackend, SessionRecord } from '../../../types/index.d.ts'
import { assertAbsent, assertReads, type Bench, type Case, HOUR_MS, listAll } from '../case.ts'

/** Properties which a careless prefix, pattern, file name or comparison takes for the main property, or for each other. */
const PROPERTIES: readonly string[] = ['admin', 'session2', 'Session', 'a:b', 'a/../b', 'subject']

/** A session of the main property with the subject 'alice', and the backend of a further registration. */
type Look = (given: { mine: SessionRecord, other: SessionBackend, property: string }, bench: Bench) => Promise<void>

/** A look at the same store through a further registration, for each property. The session of the main property must stand then. */
function throughOthers (look: Look): Case['run'] {
  return async bench => {
    const mine = await bench.stored({ subject: 'alice' })
    for (const property of PROPERTIES) {
      const other = await bench.elsewhere(property)
      try {
        await look({ mine, other, property }, bench)
        await assertReads(bench.backend, mine)
      } finally {
        await other.close?.()
      }
    }
  }
}

async function storedBy (other: SessionBackend, { record }: Bench): Promise<SessionRecord> {
  const written = record({ subject: 'alice' })
  assert.equal(await other.write(written.id, written, 0), written.id)
  return written
}

const idsOf = async (other: SessionBackend, bench: Bench, subject?: string): Promise<string[]> =>
  await listAll({ ...bench, backend: other }, subject === undefined ? {} : { subject })

export const registrations: readonly Case[] = [
  {
    name: 'shows no session to another registration',
    needs: ['registrations'],
    run: throughOthers(async ({ mine, other, property }) => {
      await assertAbsent(other, mine.id)
      assert.equal(await other.exists?.(mine.id) ?? false, false, `exists for ${property}`)
    })
  },
  {
    name: 'removes and renews no session of another registration',
    needs: ['registrations'],
    run: throughOthers(async ({ mine, other, property }) => {
      const moved = { ...mine, expiresAt: mine.expiresAt + HOUR_MS }
      assert.equal(await other.touch?.(mine.id, moved) ?? false, false, `touch for ${property}`)
      await other.remove(mine.id)
    })
  },
  {
    name: 'writes nothing over a session of another registration, whichever version it expects',
    needs: ['registrations'],
    run: throughOthers(async ({ mine, other }, { backend, next }) => {
      for (const expected of [mine.version, 0, undefined]) {
        const rival = next(mine, { data: '{"rival":true}', subject: null })
        // Either registration may have its own place for the id. A store with one place refuses: by its answer, or by an error.
        const answer = await Promise.resolve(other.write(mine.id, rival, expected)).catch(() => null)
        if (answer === mine.id) await assertReads(other, rival)
        else assert.equal(answer, null)
        await assertReads(backend, mine)
        const end = next(mine, { data: '', expiresAt: 0 })
        for (const version of [expected, rival.version]) await other.write(mine.id, end, version)
        await assertReads(backend, mine)
      }
    })
  },
  {
    name: 'lists the sessions of its own registration only',
    needs: ['registrations', 'list'],
    run: throughOthers(async ({ mine, other, property }, bench) => {
      const { id } = await storedBy(other, bench)
      for (const subject of [undefined, 'alice']) {
        assert.deepEqual(await idsOf(other, bench, subject), [id], property)
        assert.deepEqual(await idsOf(bench.backend, bench, subject), [mine.id], property)
      }
    })
  },
  {
    name: 'counts the sessions of its own registration only',
    needs: ['registrations', 'count'],
    run: throughOthers(async ({ other, property }, bench) => {
      for (let n = 0; n < 2; n++) await storedBy(other, bench)
      for (const filter of [{}, { subject: 'alice' }]) {
        assert.deepEqual([await other.count!(filter), await bench.backend.count!(filter)], [2, 1], property)
      }
    })
  },
  {
    name: 'ends the sessions of a subject in its own registration only',
    needs: ['registrations', 'removeSubject'],
    run: throughOthers(async ({ other }, bench) => {
      await storedBy(other, bench)
      assert.equal(await other.removeSubject!('alice', {}), 1)
    })
  },
  {
    name: 'ends all sessions of its own registration only',
    needs: ['registrations', 'removeAll'],
    run: throughOthers(async ({ other }, bench) => {
      const { id } = await storedBy(other, bench)
      await other.removeAll!()
      await assertAbsent(other, id)
    })
  }
]
