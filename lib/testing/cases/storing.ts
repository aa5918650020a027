import assert from 'node:assert/strict'
import { MAX_DEPTH } from '../../record/depth.ts'
import { assertAbsent, assertReads, type Case, FITTING_SHARE } from '../case.ts'

const LARGE_BYTES = 1_000_000

/**
 * 1 MB, or what fits where a store takes less. The characters take from 1 to 4 bytes: this shows a limit or a cut that counts
 * characters where bytes are meant.
 */
function largeText (maxDataBytes: number): string {
  const part = 'aé€🧺'
  const bytes = Math.min(LARGE_BYTES, (maxDataBytes || Infinity) * FITTING_SHARE)
  return JSON.stringify({ text: part.repeat(Math.floor(bytes / Buffer.byteLength(part)) - 2) })
}

export const storing: readonly Case[] = [
  {
    name: 'reads null for an id that nothing is stored under',
    needs: [],
    async run ({ backend, record }) {
      await assertAbsent(backend, record().id)
    }
  },
  {
    name: 'returns the id of what it wrote, and reads it back as it was',
    needs: [],
    async run ({ backend, record }) {
      const policy = { idleTimeout: 60_000, absoluteTimeout: null, persistent: true }
      const meta = { mark: 7, successor: 'é "🧺"' }
      const written = record({ subject: 'alice', policy, meta, schemaVersion: 7 })
      assert.equal(await backend.write(written.id, written, 0), written.id)
      await assertReads(backend, written)
    }
  },
  {
    name: 'keeps every character of payloads and subjects',
    needs: [],
    async run ({ backend, stored }) {
      const text = 'quotes \' " ` \\ newlines \r\n percent %s %00 emoji 🧺 accents é ü combining e\u0301 bidi \u202e separators \u2028 ;--'
      await assertReads(backend, await stored({ data: JSON.stringify({ text }), subject: text }))
    }
  },
  {
    name: 'keeps a payload of 1 MB, or as large as it says',
    needs: [],
    async run ({ backend, stored, maxDataBytes }) {
      const { id, data } = await stored({ data: largeText(maxDataBytes) })
      assert.equal((await backend.read(id))?.data, data)
    }
  },
  {
    name: 'keeps a payload that is nested as deeply as a session may be',
    needs: [],
    async run ({ backend, stored }) {
      for (const [open, close] of [['[', ']'], ['{"a":', '}']] as const) {
        const levels = MAX_DEPTH - 2
        const { id, data } = await stored({ data: `{"a":${open.repeat(levels)}{}${close.repeat(levels)}}` })
        assert.equal((await backend.read(id))?.data, data)
      }
    }
  },
  {
    name: 'keeps the smallest and the largest numbers',
    needs: [],
    async run ({ backend, stored }) {
      for (const version of [1, 2 ** 31, 2 ** 48 - 1]) {
        await assertReads(backend, await stored({ version, schemaVersion: 2 ** 31 - 1, createdAt: 0, expiresAt: Date.UTC(2200, 0) }))
      }
    }
  },
  {
    name: 'keeps sessions apart',
    needs: [],
    async run ({ backend, stored }) {
      const removed = await stored({ data: '{"n":1}' })
      const kept = await stored({ data: '{"n":2}' })
      await backend.remove(removed.id)
      await assertAbsent(backend, removed.id)
      assert.equal((await backend.read(kept.id))?.data, '{"n":2}')
    }
  },
  {
    name: 'replaces what is stored by a write without an expected version',
    needs: [],
    async run ({ backend, stored, next }) {
      const second = next(await stored(), { data: '{"n":2}' })
      assert.equal(await backend.write(second.id, second), second.id)
      await assertReads(backend, second)
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
    async run ({ backend, stored }) {
      const { id } = await stored()
      await backend.remove(id)
      await assertAbsent(backend, id)
      await backend.remove(id)
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
