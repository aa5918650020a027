import assert from 'node:assert/strict'
import { type Case, fill, listAll } from '../case.ts'

export const listing: readonly Case[] = [
  {
    name: 'lists live sessions, each once, page by page',
    needs: ['list', 'expires'],
    async run (bench) {
      const ids = await fill(bench, ['alice', 'bob', 'alice', null, 'carol'])
      assert.deepEqual((await listAll(bench, {})).sort(), [...ids].sort())
      assert.deepEqual((await listAll(bench, { limit: 2 })).sort(), [...ids].sort())
    }
  },
  {
    name: 'lists the sessions of one subject',
    needs: ['list'],
    async run (bench) {
      const subject = 'alice\'s "quoted" name:*?[é]'
      const ids = await fill(bench, [subject, 'bob', subject, null])
      assert.deepEqual((await listAll(bench, { subject })).sort(), [ids[0], ids[2]].sort())
      assert.deepEqual(await listAll(bench, { subject: 'nobody' }), [])
    }
  },
  {
    name: 'hides and repeats no session that was there throughout a listing',
    needs: ['list'],
    async run (bench) {
      const { backend, stored } = bench
      const ids = await fill(bench, ['a', 'b', 'c', 'd', 'e', 'f'])
      const first = await backend.list!({ limit: 3 })
      const seen = first.sessions.map(({ id }) => id)
      // More sessions go than come, so that a cursor that counts positions would pass over a session.
      for (const id of seen.slice(0, 2)) await backend.remove(id)
      await stored()
      if (first.cursor !== null) seen.push(...await listAll(bench, { limit: 2, cursor: first.cursor }))
      assert.equal(new Set(seen).size, seen.length, 'a session was listed twice')
      assert.ok(ids.every(id => seen.includes(id)), 'a session was not listed')
    }
  },
  {
    name: 'counts live sessions, of all and of one subject',
    needs: ['count', 'expires'],
    async run (bench) {
      await fill(bench, ['alice', 'bob', 'alice', null])
      assert.equal(await bench.backend.count!({}), 4)
      assert.equal(await bench.backend.count!({ subject: 'alice' }), 2)
      assert.equal(await bench.backend.count!({ subject: 'nobody' }), 0)
    }
  },
  {
    name: 'leaves tombstones out when it lists and counts',
    needs: ['list', 'count'],
    async run (bench) {
      const [id] = await fill(bench, ['alice'])
      await bench.stored({ data: '', meta: { successor: id! } })
      assert.deepEqual(await listAll(bench, {}), [id])
      assert.equal(await bench.backend.count!({}), 1)
    }
  }
]
