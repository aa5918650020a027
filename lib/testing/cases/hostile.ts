import assert from 'node:assert/strict'
import { assertReads, type Case, fill, listAll } from '../case.ts'

const LONG = 10_000

/** Texts which `app.sessions.get(id)` may be given and which no session has as its id. */
const HOSTILE_IDS: readonly string[] = [
  '', ' ', '.', '..', '../../etc/passwd', '/etc/passwd', '%2e%2e%2f',
  'a b', 'a\r\nset b', 'a\0b', '*', '?', '[a-z]*', '\\', '\'; drop table sessions; --', '"', '`',
  'é', '🧺', '__proto__', 'constructor', 'null', 'x'.repeat(LONG)
]

/** Different people, whom a careless comparison, pattern or column type takes for the same. */
const SUBJECTS: readonly string[] = [
  'alice', 'Alice', 'ALICE', 'alice ', ' alice', 'älice', 'a\u0308lice',
  'alice\'', 'alice"', 'alice`', 'alice\\', 'alice%', 'alice_', 'alice:', 'alice*', 'alice\n', 'alice/..',
  '', '0', 'null', '__proto__', 'a'.repeat(255)
]

function assertNamed (server: unknown, shown: string): void {
  if (server !== undefined && server !== null) assert.equal(typeof server, 'string', `server of ${shown}`)
}

export const hostile: readonly Case[] = [
  {
    name: 'takes an id that no session can have for absent, and hurts nobody by it',
    needs: [],
    async run ({ backend, stored }) {
      const written = await stored({ subject: 'alice' })
      for (const id of [...HOSTILE_IDS, written.id.toUpperCase(), `${written.id}\n`, written.id.slice(1), `${written.id}0`]) {
        const shown = JSON.stringify(id.slice(0, 80))
        assert.equal(await backend.read(id), null, `read of ${shown}`)
        assert.equal(await backend.exists?.(id) ?? false, false, `exists of ${shown}`)
        assertNamed(backend.serverOf?.(id), shown)
        assert.equal(await backend.touch?.(id, { ...written, id }) ?? false, false, `touch of ${shown}`)
        await backend.remove(id)
      }
      await assertReads(backend, written)
    }
  },
  {
    name: 'names the server of an id, where it names any, at once and the same one each time',
    needs: [],
    async run ({ backend, stored }) {
      for (const { id } of [await stored(), await stored()]) {
        const name = backend.serverOf?.(id)
        assertNamed(name, id)
        assert.equal(backend.serverOf?.(id), name)
      }
    }
  },
  {
    name: 'keeps subjects apart that look alike',
    needs: ['list', 'count'],
    async run (bench) {
      const ids = await fill(bench, SUBJECTS)
      for (const [index, subject] of SUBJECTS.entries()) {
        const shown = JSON.stringify(subject.slice(0, 80))
        assert.deepEqual(await listAll(bench, { subject }), [ids[index]], `list of ${shown}`)
        assert.equal(await bench.backend.count!({ subject }), 1, `count of ${shown}`)
      }
    }
  },
  {
    name: 'ends the sessions of nobody who only looks like the subject',
    needs: ['removeSubject', 'count'],
    async run (bench) {
      await fill(bench, SUBJECTS)
      for (const [index, subject] of SUBJECTS.entries()) {
        assert.equal(await bench.backend.removeSubject!(subject, {}), 1, JSON.stringify(subject))
        assert.equal(await bench.backend.count!({}), SUBJECTS.length - index - 1)
      }
    }
  }
]
