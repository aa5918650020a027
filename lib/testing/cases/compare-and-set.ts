import assert from 'node:assert/strict'
import type { SessionRecord } from '../../../types/index.d.ts'
import { type Case, plain } from '../case.ts'

const RIVALS = 200

/** A refused write answers null, or the record that stands. */
function assertRefused (answer: unknown, stands: SessionRecord): void {
  if (answer !== null) assert.deepEqual(plain(answer), plain(stands))
}

export const compareAndSet: readonly Case[] = [
  {
    name: 'writes when the stored version is the expected one',
    needs: ['atomic'],
    async run ({ backend, record, next }) {
      const first = record()
      const second = next(first, { data: '{"n":2}' })
      await backend.write(first.id, first, 0)
      assert.equal(await backend.write(second.id, second, first.version), second.id)
      assert.deepEqual(plain(await backend.read(first.id)), plain(second))
    }
  },
  {
    name: 'writes nothing when the stored version is another one',
    needs: ['atomic'],
    async run ({ backend, record, next }) {
      const first = record()
      const second = next(first, { data: '{"n":2}' })
      const stale = next(first, { data: '{"n":3}' })
      await backend.write(first.id, first, 0)
      await backend.write(second.id, second, first.version)
      assertRefused(await backend.write(stale.id, stale, first.version), second)
      assert.deepEqual(plain(await backend.read(first.id)), plain(second))
    }
  },
  {
    name: 'creates only where nothing is stored',
    needs: ['atomic'],
    async run ({ backend, record, next }) {
      const first = record()
      const other = next(first, { data: '{"taken":true}' })
      await backend.write(first.id, first, 0)
      assertRefused(await backend.write(other.id, other, 0), first)
      assert.deepEqual(plain(await backend.read(first.id)), plain(first))
    }
  },
  {
    name: 'does not bring back a session that was removed',
    needs: ['atomic'],
    async run ({ backend, record, next }) {
      const first = record()
      const late = next(first)
      await backend.write(first.id, first, 0)
      await backend.remove(first.id)
      assert.equal(await backend.write(late.id, late, first.version), null)
      assert.equal(await backend.read(first.id), null)
    }
  },
  {
    name: 'takes a repeated write for done and changes nothing',
    needs: ['atomic'],
    async run ({ backend, record, next }) {
      const first = record()
      const second = next(first)
      await backend.write(first.id, first, 0)
      assert.equal(await backend.write(first.id, first, 0), first.id)
      await backend.write(second.id, second, first.version)
      assert.equal(await backend.write(second.id, second, first.version), second.id)
      assert.deepEqual(plain(await backend.read(first.id)), plain(second))
    }
  },
  {
    name: 'lets exactly one of many parallel writers of one version win',
    needs: ['atomic'],
    async run ({ backend, record, next }) {
      let stands = record()
      await backend.write(stands.id, stands, 0)
      for (let round = 0; round < 5; round++) {
        const rivals = Array.from({ length: RIVALS }, (_, n) => next(stands, { data: `{"n":${n}}` }))
        const answers = await Promise.all(rivals.map(async rival => await backend.write(rival.id, rival, stands.version)))
        const winners = rivals.filter((_, n) => answers[n] === stands.id)
        assert.equal(winners.length, 1, `${winners.length} of ${RIVALS} writers were told that they won`)
        assert.deepEqual(plain(await backend.read(stands.id)), plain(winners[0]))
        stands = winners[0]!
      }
    }
  },
  {
    name: 'lets exactly one of many parallel creators of one id win',
    needs: ['atomic'],
    async run ({ backend, record, next }) {
      const first = record()
      const rivals = Array.from({ length: RIVALS }, (_, n) => next(first, { data: `{"n":${n}}` }))
      const answers = await Promise.all(rivals.map(async rival => await backend.write(rival.id, rival, 0)))
      const winners = rivals.filter((_, n) => answers[n] === first.id)
      assert.equal(winners.length, 1, `${winners.length} of ${RIVALS} creators were told that they won`)
      assert.deepEqual(plain(await backend.read(first.id)), plain(winners[0]))
    }
  }
]
