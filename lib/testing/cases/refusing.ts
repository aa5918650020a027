import assert from 'node:assert/strict'
import type { SessionRecord } from '../../../types/index.d.ts'
import { assertEnded, assertReads, type Case, fill, FITTING_SHARE, listAll } from '../case.ts'

const WRITERS = 50

/** A JSON string of a given size. */
const dataOf = (bytes: number): string => JSON.stringify('x'.repeat(Math.floor(bytes) - 2))

export const refusing: readonly Case[] = [
  {
    name: 'creates nothing over a tombstone, so that a creation that was revoked stays so',
    needs: ['atomic'],
    async run ({ backend, stored, next }) {
      const tombstone = await stored({ data: '', meta: { successor: 'none' } })
      const late = next(tombstone, { data: '{"late":true}', meta: null })
      assert.notEqual(await backend.write(late.id, late, 0), late.id, 'the creation was told that it won')
      await assertReads(backend, tombstone)
    }
  },
  {
    name: 'ends no session by an expired record that expected none',
    needs: ['atomic', 'expires'],
    async run ({ backend, stored, next }) {
      const stands = await stored()
      const dead = next(stands, { data: '', expiresAt: 0 })
      assert.notEqual(await backend.write(dead.id, dead, 0), dead.id, 'the write was told that it won')
      await assertReads(backend, stands)
    }
  },
  {
    name: 'gives out copies, so that nobody changes what is stored by what they read',
    needs: ['atomic'],
    async run ({ backend, stored }) {
      const written = await stored({ policy: { idleTimeout: 60_000 }, meta: { mark: 7 } })
      tamper(await backend.read(written.id))
      await assertReads(backend, written)
    }
  },
  {
    name: 'ends every session that was stored before all were removed, while others are written',
    needs: ['removeAll'],
    async run (bench) {
      const { backend, record, stored } = bench
      const before = await fill(bench, Array.from({ length: 20 }, () => 'alice'))
      const writes = Array.from({ length: WRITERS }, async () => await stored())
      const [, ...during] = await Promise.all([backend.removeAll!(), ...writes])
      for (const id of before) await assertEnded(backend, id)
      await backend.removeAll!()
      for (const { id } of during) await assertEnded(backend, id)
      const after = record()
      assert.equal(await backend.write(after.id, after, 0), after.id)
      await assertReads(backend, after)
    }
  },
  {
    name: 'finds by its subject every session that lives on when all were removed beside it',
    needs: ['removeAll', 'removeSubject', 'list'],
    async run (bench) {
      const { backend, stored } = bench
      const signIns = Array.from({ length: WRITERS }, async (_, n) => {
        for (let turns = 0; turns < n % 10; turns++) await new Promise(resolve => { setImmediate(resolve) })
        return (await stored({ subject: 'alice' })).id
      })
      await backend.removeAll!()
      const ids = await Promise.all(signIns)
      const listed = await listAll(bench, { subject: 'alice' })
      for (const id of ids) {
        const isAlive = ((await backend.read(id))?.data ?? '') !== ''
        assert.equal(listed.includes(id), isAlive, 'a live session cannot be found by its subject')
      }
      await backend.removeSubject!('alice', {})
      for (const id of ids) await assertEnded(backend, id)
    }
  },
  {
    name: 'refuses a payload above its limit, and keeps the one that is stored',
    needs: ['maxDataBytes'],
    async run ({ backend, record, next, maxDataBytes }) {
      const first = record({ data: dataOf(maxDataBytes * FITTING_SHARE) })
      assert.equal(await backend.write(first.id, first, 0), first.id)
      const large = next(first, { data: dataOf(maxDataBytes + 1) })
      for (const expected of [first.version, undefined]) {
        await assert.rejects(async () => { await backend.write(large.id, large, expected) }, { code: 'SES_TOO_LARGE' })
        await assertReads(backend, first)
      }
    }
  }
]

/** Changes a record in place, as far as the record lets itself be changed: a frozen record throws, which is as good as a copy. */
function tamper (read: SessionRecord | null): void {
  const changes = [
    () => Object.assign(read!, { data: '{"tampered":true}' }),
    () => Object.assign(read!.policy!, { idleTimeout: 1 }),
    () => Object.assign(read!.meta!, { mark: 1 })
  ]
  for (const change of changes) {
    try { change() } catch {}
  }
}
