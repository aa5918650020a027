import assert from 'node:assert/strict'
import { type Case, plain } from '../case.ts'

const MINUTE_MS = 60_000

export const expiry: readonly Case[] = [
  {
    name: 'reads null from the deadline on',
    needs: ['expires'],
    async run ({ backend, clock, record }) {
      const written = record({ expiresAt: clock.now + MINUTE_MS })
      await backend.write(written.id, written, 0)
      clock.now += MINUTE_MS - 1
      assert.notEqual(await backend.read(written.id), null)
      clock.now += 1
      assert.equal(await backend.read(written.id), null)
      assert.equal(await backend.exists?.(written.id) ?? false, false)
    }
  },
  {
    name: 'leaves nothing readable after a write of an expired record',
    needs: ['expires'],
    async run ({ backend, clock, record, next }) {
      const dead = record({ expiresAt: clock.now })
      await backend.write(dead.id, dead)
      assert.equal(await backend.read(dead.id), null)
      const live = record()
      await backend.write(live.id, live, 0)
      const ended = next(live, { expiresAt: 0 })
      assert.equal(await backend.write(ended.id, ended, live.version), ended.id)
      assert.equal(await backend.read(live.id), null)
    }
  },
  {
    name: 'does not end a session by an expired record when its version is another one',
    needs: ['atomic', 'expires'],
    async run ({ backend, record, next }) {
      const first = record()
      const second = next(first)
      await backend.write(first.id, first, 0)
      await backend.write(second.id, second, first.version)
      const ended = next(first, { expiresAt: 0 })
      await backend.write(ended.id, ended, first.version)
      assert.deepEqual(plain(await backend.read(first.id)), plain(second))
    }
  },
  {
    name: 'takes an expired session for absent when it writes',
    needs: ['atomic', 'expires'],
    async run ({ backend, clock, record, next }) {
      const old = record({ expiresAt: clock.now + MINUTE_MS })
      await backend.write(old.id, old, 0)
      clock.now += MINUTE_MS
      const late = next(old, { expiresAt: clock.now + MINUTE_MS })
      assert.equal(await backend.write(late.id, late, old.version), null)
      assert.equal(await backend.read(old.id), null)
      assert.equal(await backend.write(late.id, late, 0), late.id)
    }
  },
  {
    name: 'moves the deadlines by touch, and keeps the version',
    needs: ['touch'],
    async run ({ backend, clock, record }) {
      const written = record({ subject: 'alice' })
      await backend.write(written.id, written, 0)
      clock.now += MINUTE_MS
      const moved = { ...written, lastAccessedAt: clock.now, expiresAt: written.expiresAt + MINUTE_MS }
      assert.equal(await backend.touch!(moved.id, moved), true)
      assert.deepEqual(plain(await backend.read(written.id)), plain(moved))
    }
  },
  {
    name: 'keeps a touched session alive until its new deadline',
    needs: ['touch', 'expires'],
    async run ({ backend, clock, record }) {
      const written = record({ expiresAt: clock.now + MINUTE_MS })
      await backend.write(written.id, written, 0)
      await backend.touch!(written.id, { ...written, expiresAt: clock.now + 2 * MINUTE_MS })
      clock.now += MINUTE_MS
      assert.notEqual(await backend.read(written.id), null)
      clock.now += MINUTE_MS
      assert.equal(await backend.read(written.id), null)
    }
  },
  {
    name: 'answers touch with false where nothing is stored, and stores nothing',
    needs: ['touch'],
    async run ({ backend, record }) {
      const missing = record()
      assert.equal(await backend.touch!(missing.id, missing), false)
      assert.equal(await backend.read(missing.id), null)
    }
  },
  {
    name: 'changes nothing by touch once another version is stored',
    needs: ['touch'],
    async run ({ backend, record, next }) {
      const first = record()
      const second = next(first, { data: '{"n":2}' })
      await backend.write(first.id, first, 0)
      await backend.write(second.id, second)
      await backend.touch!(first.id, { ...first, expiresAt: first.expiresAt + MINUTE_MS })
      assert.deepEqual(plain(await backend.read(first.id)), plain(second))
    }
  },
  {
    name: 'answers touch with false once the deadline has passed, and revives nothing',
    needs: ['touch', 'expires'],
    async run ({ backend, clock, record }) {
      const written = record({ expiresAt: clock.now + MINUTE_MS })
      await backend.write(written.id, written, 0)
      clock.now += MINUTE_MS
      assert.equal(await backend.touch!(written.id, { ...written, expiresAt: clock.now + MINUTE_MS }), false)
      assert.equal(await backend.read(written.id), null)
    }
  },
  {
    name: 'ends a session whose deadline passes while a request works on it',
    needs: ['atomic', 'expires'],
    async run ({ backend, clock, record, next }) {
      const written = record({ expiresAt: clock.now + MINUTE_MS })
      await backend.write(written.id, written, 0)
      const read = await backend.read(written.id)
      clock.now += MINUTE_MS
      const late = next(read!, { expiresAt: clock.now + MINUTE_MS })
      assert.equal(await backend.write(late.id, late, read!.version), null)
      assert.equal(await backend.read(written.id), null)
    }
  }
]
