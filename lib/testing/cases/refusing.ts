import assert from 'node:assert/strict'
import type { SessionRecord } from '../../../types/index.d.ts'
import { type Case, fill, plain } from '../case.ts'

const WRITERS = 50
// Room for what a backend stores beside the payload.
const NEAR = 0.95

/** A JSON string that takes so many bytes. */
const dataOf = (bytes: number): string => JSON.stringify('x'.repeat(Math.floor(bytes) - 2))

export const refusing: readonly Case[] = [
  {
    name: 'creates nothing over a tombstone, so that a creation that was revoked stays so',
    needs: ['atomic'],
    async run ({ backend, record, next }) {
      const tombstone = record({ data: '', policy: { successor: 'none' } })
      await backend.write(tombstone.id, tombstone, 0)
      const late = next(tombstone, { data: '{"late":true}', policy: null })
      assert.notEqual(await backend.write(late.id, late, 0), late.id, 'the creation was told that it won')
      assert.deepEqual(plain(await backend.read(late.id)), plain(tombstone))
    }
  },
  {
    name: 'ends no session by an expired record that expected none',
    needs: ['atomic', 'expires'],
    async run ({ backend, record, next }) {
      const stands = record()
      await backend.write(stands.id, stands, 0)
      const dead = next(stands, { data: '', expiresAt: 0 })
      assert.notEqual(await backend.write(dead.id, dead, 0), dead.id, 'the write was told that it won')
      assert.deepEqual(plain(await backend.read(stands.id)), plain(stands))
    }
  },
  {
    name: 'gives out copies, so that nobody changes what is stored by what they read',
    needs: ['atomic'],
    async run ({ backend, record }) {
      const written = record({ policy: { idleTimeout: 60_000 } })
      await backend.write(written.id, written, 0)
      tamper(await backend.read(written.id))
      assert.deepEqual(plain(await backend.read(written.id)), plain(written))
    }
  },
  {
    name: 'ends every session that was stored before all were removed, while others are written',
    needs: ['removeAll'],
    async run (bench) {
      const { backend, record } = bench
      const before = await fill(bench, Array.from({ length: 20 }, () => 'alice'))
      const writes = Array.from({ length: WRITERS }, async () => {
        const written = record()
        await backend.write(written.id, written, 0)
        return written.id
      })
      const [, ...during] = await Promise.all([backend.removeAll!(), ...writes])
      for (const id of before) await assertEnded(bench.backend.read(id))
      await backend.removeAll!()
      for (const id of during) await assertEnded(bench.backend.read(id))
      const after = record()
      assert.equal(await backend.write(after.id, after, 0), after.id)
      assert.deepEqual(plain(await backend.read(after.id)), plain(after))
    }
  },
  {
    name: 'refuses a payload above its limit, and keeps the one that is stored',
    needs: ['maxDataBytes'],
    async run ({ backend, record, next, maxDataBytes }) {
      const first = record({ data: dataOf(maxDataBytes * NEAR) })
      assert.equal(await backend.write(first.id, first, 0), first.id)
      const large = next(first, { data: dataOf(maxDataBytes + 1) })
      for (const expected of [first.version, undefined]) {
        await assert.rejects(async () => { await backend.write(large.id, large, expected) }, { code: 'SES_TOO_LARGE' })
        assert.deepEqual(plain(await backend.read(first.id)), plain(first))
      }
    }
  }
]

/** A removed session is absent, or a tombstone. */
async function assertEnded (reading: unknown): Promise<void> {
  assert.equal((await reading as SessionRecord | null)?.data ?? '', '', 'a session is there that was removed with all others')
}

/** What is frozen throws, which is as good as a copy. */
function tamper (read: SessionRecord | null): void {
  for (const change of [() => Object.assign(read!, { data: '{"tampered":true}' }), () => Object.assign(read!.policy!, { idleTimeout: 1 })]) {
    try { change() } catch {}
  }
}
