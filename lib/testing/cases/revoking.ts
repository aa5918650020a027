import assert from 'node:assert/strict'
import { assertEnded, type Case, endBesideSignIns, fill, listAll, MINUTE_MS } from '../case.ts'

export const revoking: readonly Case[] = [
  {
    name: 'removes expired sessions and only those, up to the limit',
    needs: ['removeExpired'],
    async run (bench) {
      const { backend, clock, stored } = bench
      const ids = await fill(bench, ['alice', null])
      for (let n = 0; n < 4; n++) await stored({ expiresAt: clock.now + MINUTE_MS })
      clock.now += MINUTE_MS
      assert.ok(await backend.removeExpired!({ limit: 3 }) <= 3)
      await backend.removeExpired!({})
      assert.equal(await backend.removeExpired!({}), 0)
      for (const id of ids) assert.notEqual(await backend.read(id), null)
    }
  },
  {
    name: 'removes all sessions',
    needs: ['removeAll'],
    async run (bench) {
      const ids = await fill(bench, ['alice', null])
      await bench.backend.removeAll!()
      for (const id of ids) await assertEnded(bench.backend, id)
    }
  },
  {
    name: 'brings back no session that was removed with all others',
    needs: ['atomic', 'removeAll'],
    async run ({ backend, stored, next }) {
      const first = await stored()
      await backend.removeAll!()
      const late = next(first)
      assert.notEqual(await backend.write(late.id, late, first.version), late.id)
      await assertEnded(backend, first.id)
    }
  },
  {
    name: 'removes the sessions of one subject, but for the one to keep',
    needs: ['removeSubject'],
    async run (bench) {
      const { backend } = bench
      const [kept, other, ...gone] = await fill(bench, ['alice', 'bob', 'alice', 'alice']) as [string, string, string, string]
      assert.equal(await backend.removeSubject!('alice', { except: kept }), 2)
      for (const id of gone) await assertEnded(backend, id)
      for (const id of [kept, other]) assert.ok((await backend.read(id))?.data)
      assert.equal(await backend.removeSubject!('alice', {}), 1)
      await assertEnded(backend, kept)
    }
  },
  {
    name: 'brings back no session that was removed with its subject',
    needs: ['atomic', 'removeSubject'],
    async run ({ backend, stored, next }) {
      const first = await stored({ subject: 'alice' })
      await backend.removeSubject!('alice', {})
      const late = next(first)
      assert.notEqual(await backend.write(late.id, late, first.version), late.id)
      await assertEnded(backend, first.id)
      assert.equal(await backend.removeSubject!('alice', {}), 0)
    }
  },
  {
    name: 'knows a session under its present subject only',
    needs: ['removeSubject', 'list'],
    async run (bench) {
      const { backend, stored, next } = bench
      const first = await stored({ subject: 'alice' })
      const second = next(first, { subject: 'bob' })
      await backend.write(second.id, second, first.version)
      assert.deepEqual(await listAll(bench, { subject: 'alice' }), [])
      assert.deepEqual(await listAll(bench, { subject: 'bob' }), [first.id])
      assert.equal(await backend.removeSubject!('alice', {}), 0)
      assert.equal((await backend.read(first.id))?.subject, 'bob')
      assert.equal(await backend.removeSubject!('bob', {}), 1)
      await assertEnded(backend, first.id)
    }
  },
  {
    name: 'finds a subject\'s session after it was renewed',
    needs: ['removeSubject', 'touch', 'expires'],
    async run ({ backend, clock, stored }) {
      const first = await stored({ subject: 'alice', expiresAt: clock.now + MINUTE_MS })
      clock.now += MINUTE_MS - 1
      await backend.touch!(first.id, { ...first, lastAccessedAt: clock.now, expiresAt: clock.now + 60 * MINUTE_MS })
      clock.now += 30 * MINUTE_MS
      // A second session of the subject makes a backend tidy its index of the subject: the first must stay in the index.
      await stored({ subject: 'alice' })
      assert.equal(await backend.removeSubject!('alice', {}), 2)
      await assertEnded(backend, first.id)
    }
  },
  {
    name: 'ends every session of a subject that was stored before, and can find those that come during it',
    needs: ['removeSubject', 'list'],
    async run (bench) {
      const { backend } = bench
      const end = () => backend.removeSubject!('alice', {})
      const created = await endBesideSignIns(bench, { subject: 'alice' }, () => ({ subject: 'alice' }), end)
      await end()
      for (const id of created) await assertEnded(backend, id)
    }
  }
]
