import assert from 'node:assert/strict'
import type { SessionRecord } from '../../../types/index.d.ts'
import { assertAbsent, assertReads, type Case, plain, race, rivalsOf } from '../case.ts'

const RIVALS = 200

/** A refused write is answered with null, or with the record that stands. */
function assertRefused (answer: unknown, stands: SessionRecord): void {
  if (answer !== null) assert.deepEqual(plain(answer), plain(stands))
}

export const compareAndSet: readonly Case[] = [
  {
    name: 'writes when the stored version is the expected one',
    needs: ['atomic'],
    async run ({ backend, stored, next }) {
      const first = await stored()
      const second = next(first, { data: '{"n":2}' })
      assert.equal(await backend.write(second.id, second, first.version), second.id)
      await assertReads(backend, second)
    }
  },
  {
    name: 'writes nothing when the stored version is another one',
    needs: ['atomic'],
    async run ({ backend, stored, next }) {
      const first = await stored()
      const second = next(first, { data: '{"n":2}' })
      const stale = next(first, { data: '{"n":3}' })
      await backend.write(second.id, second, first.version)
      assertRefused(await backend.write(stale.id, stale, first.version), second)
      await assertReads(backend, second)
    }
  },
  {
    name: 'creates only where nothing is stored',
    needs: ['atomic'],
    async run ({ backend, stored, next }) {
      const first = await stored()
      const other = next(first, { data: '{"taken":true}' })
      assertRefused(await backend.write(other.id, other, 0), first)
      await assertReads(backend, first)
    }
  },
  {
    name: 'does not bring back a session that was removed',
    needs: ['atomic'],
    async run ({ backend, stored, next }) {
      const first = await stored()
      const late = next(first)
      await backend.remove(first.id)
      assert.equal(await backend.write(late.id, late, first.version), null)
      await assertAbsent(backend, first.id)
    }
  },
  {
    name: 'takes a repeated write for done and changes nothing',
    needs: ['atomic'],
    async run ({ backend, stored, next }) {
      const first = await stored()
      const second = next(first)
      assert.equal(await backend.write(first.id, first, 0), first.id)
      await backend.write(second.id, second, first.version)
      assert.equal(await backend.write(second.id, second, first.version), second.id)
      await assertReads(backend, second)
    }
  },
  {
    name: 'lets exactly one of many parallel writers of one version win',
    needs: ['atomic'],
    async run ({ backend, stored, next }) {
      let stands = await stored()
      for (let round = 0; round < 5; round++) {
        const winners = await race(backend, rivalsOf({ next }, stands, RIVALS), stands.version)
        assert.equal(winners.length, 1, `${winners.length} of ${RIVALS} writers were told that they won`)
        stands = winners[0]!
        await assertReads(backend, stands)
      }
    }
  },
  {
    name: 'lets exactly one of many parallel creators of one id win',
    needs: ['atomic'],
    async run ({ backend, record, next }) {
      const winners = await race(backend, rivalsOf({ next }, record(), RIVALS), 0)
      assert.equal(winners.length, 1, `${winners.length} of ${RIVALS} creators were told that they won`)
      await assertReads(backend, winners[0]!)
    }
  }
]
