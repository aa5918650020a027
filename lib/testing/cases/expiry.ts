import assert from 'node:assert/strict'
import { assertAbsent, assertReads, type Case, MINUTE_MS } from '../case.ts'

export const expiry: readonly Case[] = [
  {
    name: 'reads null from the deadline on',
    needs: ['expires'],
    async run ({ backend, clock, stored }) {
      const { id } = await stored({ expiresAt: clock.now + MINUTE_MS })
      clock.now += MINUTE_MS - 1
      assert.notEqual(await backend.read(id), null)
      clock.now += 1
      await assertAbsent(backend, id)
      assert.equal(await backend.exists?.(id) ?? false, false)
    }
  },
  {
    name: 'leaves nothing readable after a write of an expired record',
    needs: ['expires'],
    async run ({ backend, clock, record, stored, next }) {
      const dead = record({ expiresAt: clock.now })
      await backend.write(dead.id, dead)
      await assertAbsent(backend, dead.id)
      const live = await stored()
      const ended = next(live, { expiresAt: 0 })
      assert.equal(await backend.write(ended.id, ended, live.version), ended.id)
      await assertAbsent(backend, live.id)
    }
  },
  {
    name: 'does not end a session by an expired record when its version is another one',
    needs: ['atomic', 'expires'],
    async run ({ backend, stored, next }) {
      const first = await stored()
      const second = next(first)
      await backend.write(second.id, second, first.version)
      const ended = next(first, { expiresAt: 0 })
      await backend.write(ended.id, ended, first.version)
      await assertReads(backend, second)
    }
  },
  {
    name: 'takes an expired session for absent when it writes',
    needs: ['atomic', 'expires'],
    async run ({ backend, clock, stored, next }) {
      const old = await stored({ expiresAt: clock.now + MINUTE_MS })
      clock.now += MINUTE_MS
      const late = next(old, { expiresAt: clock.now + MINUTE_MS })
      assert.equal(await backend.write(late.id, late, old.version), null)
      await assertAbsent(backend, old.id)
      assert.equal(await backend.write(late.id, late, 0), late.id)
    }
  },
  {
    name: 'moves the deadlines by touch, and keeps the version',
    needs: ['touch'],
    async run ({ backend, clock, stored }) {
      const written = await stored({ subject: 'alice' })
      clock.now += MINUTE_MS
      const moved = { ...written, lastAccessedAt: clock.now, expiresAt: written.expiresAt + MINUTE_MS }
      assert.equal(await backend.touch!(moved.id, moved), true)
      await assertReads(backend, moved)
    }
  },
  {
    name: 'keeps a touched session alive until its new deadline',
    needs: ['touch', 'expires'],
    async run ({ backend, clock, stored }) {
      const written = await stored({ expiresAt: clock.now + MINUTE_MS })
      await backend.touch!(written.id, { ...written, expiresAt: clock.now + 2 * MINUTE_MS })
      clock.now += MINUTE_MS
      assert.notEqual(await backend.read(written.id), null)
      clock.now += MINUTE_MS
      await assertAbsent(backend, written.id)
    }
  },
  {
    name: 'answers touch with false where nothing is stored, and stores nothing',
    needs: ['touch'],
    async run ({ backend, record }) {
      const missing = record()
      assert.equal(await backend.touch!(missing.id, missing), false)
      await assertAbsent(backend, missing.id)
    }
  },
  {
    name: 'changes nothing by touch once another version is stored',
    needs: ['touch'],
    async run ({ backend, stored, next }) {
      const first = await stored()
      const second = next(first, { data: '{"n":2}' })
      await backend.write(second.id, second)
      await backend.touch!(first.id, { ...first, expiresAt: first.expiresAt + MINUTE_MS })
      await assertReads(backend, second)
    }
  },
  {
    name: 'answers touch with false once the deadline has passed, and revives nothing',
    needs: ['touch', 'expires'],
    async run ({ backend, clock, stored }) {
      const written = await stored({ expiresAt: clock.now + MINUTE_MS })
      clock.now += MINUTE_MS
      assert.equal(await backend.touch!(written.id, { ...written, expiresAt: clock.now + MINUTE_MS }), false)
      await assertAbsent(backend, written.id)
    }
  },
  {
    name: 'ends a session whose deadline passes while a request works on it',
    needs: ['atomic', 'expires'],
    async run ({ backend, clock, stored, next }) {
      const { id } = await stored({ expiresAt: clock.now + MINUTE_MS })
      const read = await backend.read(id)
      clock.now += MINUTE_MS
      const late = next(read!, { expiresAt: clock.now + MINUTE_MS })
      assert.equal(await backend.write(late.id, late, read!.version), null)
      await assertAbsent(backend, id)
    }
  }
]
