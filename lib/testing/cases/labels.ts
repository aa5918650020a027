import assert from 'node:assert/strict'
import { assertEnded, assertReads, type Case, endBesideSignIns, label, listAll, MINUTE_MS } from '../case.ts'

/** Different keys, which a careless comparison, pattern, separator or column type takes for the same, or for two. */
const LABELS: readonly string[] = [
  'org:7', 'ORG:7', 'org:7 ', ' org:7', 'org:77', 'org', '7', 'alice', 'bob', 'subject:alice', '{"subject":"alice"', '"', '\\"', '"]',
  ',', '","', 'a","b', 'a,', ',b', '[', '[]', '\'', '`', '\\', '\\\\', '*', '?', '%', 'org:_',
  'a\nb', 'a\r\nb', '\u2028', '🧺', 'é', 'e\u0301',
  'null', '__proto__', '', 'x'.repeat(255), '🧺'.repeat(63)
]

const shown = (text: string): string => JSON.stringify(text.slice(0, 80))

export const labels: readonly Case[] = [
  {
    name: 'keeps the labels of a session, and lists and counts by each of them',
    needs: ['labels', 'list', 'count'],
    async run (bench) {
      const { backend, stored } = bench
      const written = await stored({ subject: 'alice', meta: { level: 'mfa', labels: ['a', 'b', 'c', 'd'] } })
      const [second] = await label(bench, [['d'], ['e']])
      await assertReads(backend, written)
      for (const one of ['a', 'b', 'c']) assert.deepEqual(await listAll(bench, { label: one }), [written.id])
      assert.deepEqual((await listAll(bench, { label: 'd', limit: 1 })).sort(), [written.id, second].sort())
      assert.deepEqual([await backend.count!({ label: 'd' }), await backend.count!({ label: 'f' }), await backend.count!({})], [2, 0, 3])
    }
  },
  {
    name: 'finds a session by a label that has no subject',
    needs: ['labels', 'list'],
    async run (bench) {
      const { id } = await bench.stored({ meta: { labels: ['org:7'] } })
      assert.deepEqual(await listAll(bench, { label: 'org:7' }), [id])
    }
  },
  {
    name: 'takes a subject and a label together for sessions that have both',
    needs: ['labels', 'list', 'count'],
    async run (bench) {
      const { backend, stored } = bench
      const both = await stored({ subject: 'alice', meta: { labels: ['org:7'] } })
      await stored({ subject: 'alice', meta: { labels: ['org:8'] } })
      await stored({ subject: 'bob', meta: { labels: ['org:7'] } })
      // Twice: a session that has one key of the two stays in the index of that key.
      for (let look = 0; look < 2; look++) {
        bench.clock.now += 10 * MINUTE_MS
        assert.deepEqual(await listAll(bench, { subject: 'alice', label: 'org:7', limit: 1 }), [both.id])
        assert.equal(await backend.count!({ subject: 'alice', label: 'org:7' }), 1)
      }
      assert.deepEqual([await backend.count!({ subject: 'alice' }), await backend.count!({ label: 'org:7' })], [2, 2])
    }
  },
  {
    name: 'takes no part of the data, of what describes the request, or of the subject for a label',
    needs: ['labels', 'list', 'removeLabel'],
    async run (bench) {
      const { backend, stored } = bench
      const hidden = { subject: 'bob', labels: ['org:7'], ' {"labels":["org:7"]': ' {"subject":"bob","labels":["org:7"]' }
      const forged = await stored({ subject: '","labels":["org:7"]', data: '{"labels":["org:7"]}', meta: { about: hidden } })
      const lookAlikes = ['"org:7"', '["org:7"]', 'org:7,', ',"org:7"']
      const other = await stored({ data: ' {"labels":["org:7"]}', meta: { about: hidden, labels: lookAlikes } })
      assert.deepEqual([await listAll(bench, { label: 'org:7' }), await listAll(bench, { subject: 'bob' })], [[], []])
      assert.equal(await backend.removeLabel!('org:7', {}), 0)
      for (const record of [forged, other]) await assertReads(backend, record)
    }
  },
  {
    name: 'keeps labels apart that look alike, or like a subject',
    needs: ['labels', 'list', 'count'],
    async run (bench) {
      const ids = await label(bench, LABELS.map(text => [text]))
      for (const [index, text] of LABELS.entries()) {
        assert.deepEqual(await listAll(bench, { label: text }), [ids[index]], `list of ${shown(text)}`)
        assert.equal(await bench.backend.count!({ label: text }), 1, `count of ${shown(text)}`)
      }
      assert.equal(await bench.backend.count!({ subject: 'alice' }), LABELS.length)
      assert.deepEqual(await listAll(bench, { subject: 'bob' }), [])
    }
  },
  {
    name: 'ends the sessions with a label, whatever it looks like, and no others',
    needs: ['removeLabel', 'count'],
    async run (bench) {
      // Each session has a neighbour's label too, so that the texts meet in one record.
      const lists = LABELS.map((text, n) => [text, `${n}`, `${text},`.slice(0, 60), `"${text}`.slice(0, 60)])
      await label(bench, lists)
      for (const [index, text] of LABELS.entries()) {
        const wanted = await bench.backend.count!({ label: text })
        const before = await bench.backend.count!({})
        assert.equal(await bench.backend.removeLabel!(text, {}), wanted, shown(text))
        assert.equal(await bench.backend.count!({}), before - wanted, shown(text))
        assert.equal(await bench.backend.count!({ label: text }), 0)
        assert.equal(await bench.backend.removeLabel!(`${index}`, {}), 0, 'an ended session is found under none of its labels')
      }
      assert.equal(await bench.backend.count!({ subject: 'alice' }), 0)
    }
  },
  {
    name: 'removes the sessions with one label, but for the one to keep',
    needs: ['removeLabel'],
    async run (bench) {
      const { backend } = bench
      const [kept, other, ...gone] = await label(bench, [['x', 'y'], ['y'], ['x'], ['y', 'x']]) as [string, string, string, string]
      assert.equal(await backend.removeLabel!('x', { except: kept }), 2)
      for (const id of gone) await assertEnded(backend, id)
      for (const id of [kept, other]) assert.ok((await backend.read(id))?.data)
      assert.equal(await backend.removeLabel!('x', {}), 1)
      await assertEnded(backend, kept)
    }
  },
  {
    name: 'brings back no session that was removed with its label',
    needs: ['atomic', 'removeLabel'],
    async run ({ backend, stored, next }) {
      const first = await stored({ subject: 'alice', meta: { labels: ['x'] } })
      await backend.removeLabel!('x', {})
      const late = next(first)
      assert.notEqual(await backend.write(late.id, late, first.version), late.id)
      await assertEnded(backend, first.id)
      assert.equal(await backend.removeLabel!('x', {}), 0)
    }
  },
  {
    name: 'knows a session under its present labels only',
    needs: ['removeLabel', 'labels', 'list', 'count', 'atomic'],
    async run (bench) {
      const { backend, stored, next } = bench
      let last = await stored({ subject: 'alice', meta: { labels: ['x', 'y'] } })
      for (const present of [['y', 'z'], ['z'], [], ['x', 'z', 'u', 'v'], undefined, ['y']]) {
        const changed = next(last, { meta: present === undefined ? null : { labels: present } })
        assert.equal(await backend.write(changed.id, changed, last.version), changed.id)
        last = changed
        await assertReads(backend, last)
        for (const text of ['x', 'y', 'z', 'u', 'v']) {
          const expected = present?.includes(text) === true ? [last.id] : []
          assert.deepEqual(await listAll(bench, { label: text }), expected, `${text} with ${String(present)}`)
          if (expected.length === 0) assert.equal(await backend.removeLabel!(text, {}), 0)
        }
        assert.equal(await backend.count!({ subject: 'alice' }), 1)
      }
      assert.equal(await backend.removeLabel!('y', {}), 1)
      await assertEnded(backend, last.id)
    }
  },
  {
    name: 'finds a session by its label after it was renewed',
    needs: ['removeLabel', 'touch', 'expires'],
    async run (bench) {
      const { backend, clock, stored } = bench
      const first = await stored({ meta: { labels: ['x'] }, expiresAt: clock.now + MINUTE_MS })
      clock.now += MINUTE_MS - 1
      await backend.touch!(first.id, { ...first, lastAccessedAt: clock.now, expiresAt: clock.now + 60 * MINUTE_MS })
      clock.now += 30 * MINUTE_MS
      // A second session with the label makes a backend tidy its index of the label: the first must stay in the index.
      await label(bench, [['x']])
      assert.equal(await backend.removeLabel!('x', {}), 2)
      await assertEnded(backend, first.id)
    }
  },
  {
    name: 'ends every session with a label that was stored before, and can find those that come during it',
    needs: ['removeLabel', 'labels', 'list'],
    async run (bench) {
      const { backend } = bench
      const signedIn = (n: number) => ({ subject: 'alice', meta: { labels: [`${n}`, 'x'] } })
      await endBesideSignIns(bench, { label: 'x' }, signedIn, () => backend.removeLabel!('x', {}))
    }
  }
]
