import assert from 'node:assert/strict'
import { assertAbsent, assertReads, type Case, fill, HOUR_MS, listAll, MINUTE_MS, plain, race, rivalsOf } from '../case.ts'

const MANY = 100

export const parallel: readonly Case[] = [
  {
    name: 'keeps sessions apart that are written and read all at once',
    needs: [],
    async run ({ backend, stored, next }) {
      await Promise.all(Array.from({ length: MANY }, async (_, n) => {
        const first = await stored({ data: `{"n":${n}}` })
        await assertReads(backend, first)
        const second = next(first, { data: `{"again":${n}}` })
        await backend.write(second.id, second, first.version)
        await assertReads(backend, second)
      }))
    }
  },
  {
    name: 'answers a refused write with nothing, or with the record that stands',
    needs: ['atomic'],
    async run ({ backend, stored, next }) {
      const first = await stored()
      const rivals = rivalsOf({ next }, first, MANY)
      const answers = await Promise.all(rivals.map(async rival => await backend.write(rival.id, rival, first.version)))
      const winner = plain(rivals.find((_, n) => answers[n] === first.id))
      const refusals = answers.filter(answer => answer !== null && answer !== first.id)
      for (const refusal of refusals) assert.deepEqual(plain(refusal), winner)
    }
  },
  {
    name: 'lets a change or an end of one version win, never both',
    needs: ['atomic', 'expires'],
    async run ({ backend, stored, next }) {
      for (let round = 0; round < 20; round++) {
        const first = await stored()
        const change = next(first, { data: '{"n":2}' })
        const end = next(first, { data: '', expiresAt: 0 })
        const winners = await race(backend, round % 2 === 0 ? [change, end] : [end, change], first.version)
        assert.equal(winners.length, 1, 'both or none were told that they won')
        if (winners[0] === end) await assertAbsent(backend, first.id)
        else await assertReads(backend, change)
      }
    }
  },
  {
    name: 'removes no session that is renewed while it sweeps',
    needs: ['atomic', 'touch', 'removeExpired'],
    async run ({ backend, clock, stored }) {
      const expiresAt = clock.now + MINUTE_MS
      const records = await Promise.all(Array.from({ length: MANY }, async () => await stored({ expiresAt })))
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
      const { backend, stored } = bench
      const ids = await fill(bench, Array.from({ length: 30 }, () => null))
      const listing = { isOver: false }
      const traffic = (async () => {
        while (!listing.isOver) {
          const { id } = await stored()
          await backend.remove(id)
          await new Promise(resolve => { setImmediate(resolve) })
        }
      })()
      try {
        const seen = await listAll(bench, { limit: 7 })
        assert.deepEqual(seen.filter(id => ids.includes(id)).sort(), [...ids].sort())
      } finally {
        listing.isOver = true
        await traffic
      }
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
