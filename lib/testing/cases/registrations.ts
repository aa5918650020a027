import assert from 'node:assert/strict'
import { type Case, fill } from '../case.ts'

export const registrations: readonly Case[] = [
  {
    name: 'keeps registrations apart that share a store',
    needs: ['list', 'count', 'removeAll', 'removeSubject'],
    async run (bench) {
      const { backend } = bench
      const [mine] = await fill(bench, ['alice'])
      for (const property of ['admin', 'session2', 'Session', 'a:b', 'a/../b']) {
        const other = await bench.elsewhere(property)
        try {
          const written = bench.record({ subject: 'alice' })
          await other.write(written.id, written, 0)
          assert.deepEqual((await other.list!({})).sessions.map(({ id }) => id), [written.id], property)
          assert.deepEqual((await backend.list!({})).sessions.map(({ id }) => id), [mine], property)
          assert.deepEqual([await other.count!({}), await other.count!({ subject: 'alice' })], [1, 1])
          assert.equal(await other.removeSubject!('alice', {}), 1)
          await other.removeAll!()
          assert.equal(await other.count!({}), 0)
          const isUnharmed = Boolean((await backend.read(mine!))?.data)
          assert.ok(isUnharmed, `all sessions of ${property} were removed, and with them one of another registration`)
        } finally {
          await other.close?.()
        }
      }
    }
  }
]
