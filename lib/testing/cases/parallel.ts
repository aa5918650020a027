import assert from 'node:assert/strict'
import { type Case, fill, plain } from '../case.ts'

const MANY = 100
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

export const parallel: readonly Case[] = [
  {
    name: 'keeps sessions apart that are written and read all at once',
    needs: [],
    async run ({ backend, record, next }) {
      const records = Array.from({ length: MANY }, (_, n) => record({ data: `{"n":${n}}` }))
      await Promise.all(records.map(async written => {
        await backend.write(written.id, written, 0)
        assert.deepEqual(plain(await backend.read(written.id)), plain(written))
        const second = next(written, { data: `${written.data} ` })
        await backend.write(second.id, second, written.version)
        assert.deepEqual(plain(await backend.read(written.id)), plain(second))
      }))
    }
  },
  {
    name: 'answers a refused write with nothing, or with the record that stands',
    needs: ['atomic'],
    async run ({ backend, record, next }) {
      const first = record()
      await backend.write(first.id, first, 0)
      const rivals = Array.from({ length: MANY }, (_, n) => next(first, { data: `{"n":${n}}` }))
      const answers = await Promise.all(rivals.map(async rival => await backend.write(rival.id, rival, first.version)))
      const winner = plain(rivals.find((_, n) => answers[n] === first.id))
      for (const answer of answers) if (answer !== null && answer !== first.id) assert.deepEqual(plain(answer), winner)
    }
  },
  {
    name: 'lets a change or an end of one version win, never both',
    needs: ['atomic', 'expires'],
    async run ({ backend, record, next }) {
      for (let round = 0; round < 20; round++) {
        const first = record()
        await backend.write(first.id, first, 0)
        const change = next(first, { data: '{"n":2}' })
        const end = next(first, { data: '', expiresAt: 0 })
        const [one, other] = round % 2 === 0 ? [change, end] : [end, change]
        const answers = await Promise.all([one, other].map(async rival => await backend.write(first.id, rival!, first.version)))
        assert.equal(answers.filter(answer => answer === first.id).length, 1, 'both or none were told that they won')
        const winner = answers[0] === first.id ? one : other
        assert.deepEqual(plain(await backend.read(first.id)), winner === end ? null : plain(change))
      }
    }
  },
  {
    name: 'removes no session that is renewed while it sweeps',
    needs: ['atomic', 'touch', 'removeExpired'],
    async run ({ backend, clock, record }) {
      const records = Array.from({ length: MANY }, () => record({ expiresAt: clock.now + MINUTE_MS }))
      await Promise.all(records.map(async written => await backend.write(written.id, written, 0)))
      clock.now += MINUTE_MS - 1
      const renewals = records.map(async written => await backend.touch!(written.id, { ...written, expiresAt: clock.now + HOUR_MS }))
      clock.now += 1
      const [, ...renewed] = await Promise.all([backend.removeExpired!({}), ...renewals])
      await backend.removeExpired!({})
      for (const [n, written] of records.entries()) {
        if (renewed[n]) assert.notEqual(await backend.read(written.id), null, 'a renewed session was removed')
      }
    }
  },
  {
    name: 'lists every session that is there throughout, once, while others come and go',
    needs: ['list'],
    async run (bench) {
      const { backend, record } = bench
      const ids = await fill(bench, Array.from({ length: 30 }, () => null))
      const listing = { isOver: false }
      const traffic = (async () => {
        while (!listing.isOver) {
          const other = record()
          await backend.write(other.id, other, 0)
          await backend.remove(other.id)
          await new Promise(resolve => { setImmediate(resolve) })
        }
      })()
      const seen: string[] = []
      try {
        for (let cursor: string | null = ''; cursor !== null;) {
          const page: { sessions: Array<{ id: string }>, cursor: string | null } = await backend.list!({ limit: 7, ...(cursor !== '' && { cursor }) })
          seen.push(...page.sessions.map(({ id }) => id).filter(id => ids.includes(id)))
          cursor = page.cursor
        }
      } finally {
        listing.isOver = true
        await traffic
      }
      assert.deepEqual(seen.sort(), [...ids].sort())
    }
  },
  {
    name: 'leaves no call unanswered when it is closed',
    needs: [],
    async run ({ backend, record }) {
      const calls = Array.from({ length: 20 }, async () => await backend.read(record().id))
      await backend.close?.()
      await Promise.allSettled(calls)
    }
  }
]
