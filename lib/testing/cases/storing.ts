import assert from 'node:assert/strict'
import { type Case, plain } from '../case.ts'

const LARGE_BYTES = 1_000_000

/** Of one to four bytes a character, so that a limit or a cut in characters shows. */
function largeText (): string {
  const part = 'aé€🧺'
  return JSON.stringify({ text: part.repeat(Math.floor(LARGE_BYTES / Buffer.byteLength(part)) - 2) })
}

export const storing: readonly Case[] = [
  {
    name: 'reads null for an id that nothing is stored under',
    needs: [],
    async run ({ backend, record }) {
      assert.equal(await backend.read(record().id), null)
    }
  },
  {
    name: 'returns the id of what it wrote, and reads it back as it was',
    needs: [],
    async run ({ backend, record }) {
      const written = record({ subject: 'alice', policy: { idleTimeout: 60_000, absoluteTimeout: null, persistent: true }, schemaVersion: 7 })
      assert.equal(await backend.write(written.id, written, 0), written.id)
      assert.deepEqual(plain(await backend.read(written.id)), plain(written))
    }
  },
  {
    name: 'keeps every character of payloads and subjects',
    needs: [],
    async run ({ backend, record }) {
      const text = 'quotes \' " ` \\ newlines \r\n percent %s %00 emoji 🧺 accents é ü combining e\u0301 bidi \u202e separators \u2028 ;--'
      const written = record({ data: JSON.stringify({ text }), subject: text })
      await backend.write(written.id, written, 0)
      assert.deepEqual(plain(await backend.read(written.id)), plain(written))
    }
  },
  {
    name: 'keeps a payload of 1 MB',
    needs: [],
    async run ({ backend, record }) {
      const written = record({ data: largeText() })
      await backend.write(written.id, written, 0)
      assert.equal((await backend.read(written.id))?.data, written.data)
    }
  },
  {
    name: 'keeps the smallest and the largest numbers',
    needs: [],
    async run ({ backend, record }) {
      for (const version of [1, 2 ** 31, 2 ** 48 - 1]) {
        const written = record({ version, schemaVersion: 2 ** 31 - 1, createdAt: 0, expiresAt: Date.UTC(2200, 0) })
        await backend.write(written.id, written, 0)
        assert.deepEqual(plain(await backend.read(written.id)), plain(written))
      }
    }
  },
  {
    name: 'keeps sessions apart',
    needs: [],
    async run ({ backend, record }) {
      const [one, other] = [record({ data: '{"n":1}' }), record({ data: '{"n":2}' })]
      await backend.write(one.id, one, 0)
      await backend.write(other.id, other, 0)
      await backend.remove(one.id)
      assert.equal(await backend.read(one.id), null)
      assert.equal((await backend.read(other.id))?.data, '{"n":2}')
    }
  },
  {
    name: 'replaces what is stored by a write without an expected version',
    needs: [],
    async run ({ backend, record, next }) {
      const first = record()
      const second = next(first, { data: '{"n":2}' })
      await backend.write(first.id, first, 0)
      assert.equal(await backend.write(second.id, second), second.id)
      assert.deepEqual(plain(await backend.read(first.id)), plain(second))
    }
  },
  {
    name: 'stores a copy, not the object it was given',
    needs: [],
    async run ({ backend, record }) {
      const given = { ...record({ data: '{"n":1}' }) }
      await backend.write(given.id, given, 0)
      given.data = '{"n":2}'
      assert.equal((await backend.read(given.id))?.data, '{"n":1}')
    }
  },
  {
    name: 'removes what is stored, and resolves where nothing is',
    needs: [],
    async run ({ backend, record }) {
      const written = record()
      await backend.write(written.id, written, 0)
      await backend.remove(written.id)
      assert.equal(await backend.read(written.id), null)
      await backend.remove(written.id)
    }
  },
  {
    name: 'tells whether a session exists',
    needs: ['exists'],
    async run ({ backend, record }) {
      const written = record()
      assert.equal(await backend.exists!(written.id), false)
      await backend.write(written.id, written, 0)
      assert.equal(await backend.exists!(written.id), true)
    }
  },
  {
    name: 'can be closed twice',
    needs: [],
    async run ({ backend }) {
      await backend.close?.()
      await backend.close?.()
    }
  }
]
