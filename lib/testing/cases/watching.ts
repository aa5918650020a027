import assert from 'node:assert/strict'
import type { Awaitable, SessionBackend, SessionRecord, SessionWatch } from '../../../types/index.d.ts'
import { type Bench, type Case, HOUR_MS, label } from '../case.ts'

/** A report that takes longer does not come. */
const LIMIT_MS = 2_000
const PAUSE_MS = 2

/** A watch that is live, and what it has reported. */
interface Ear {
  readonly watch: SessionWatch
  readonly heard: Array<string | null>
}

/** Something that happens to a session of alice with the label `staff`. */
type Deed = (bench: Bench, record: SessionRecord) => Awaitable<unknown>

const change: Deed = ({ backend, next }, record) => backend.write(record.id, next(record, { data: '{"n":2}' }), record.version)

const endings: Readonly<Record<string, Deed>> = {
  remove: ({ backend }, { id }) => backend.remove(id),
  'write, of an expired record': ({ backend, next }, record) =>
    backend.write(record.id, next(record, { data: '', expiresAt: 0 }), record.version),
  'write, of a tombstone': ({ backend, next }, record) =>
    backend.write(record.id, next(record, { data: '', subject: null, meta: null }), record.version),
  removeSubject: ({ backend }) => backend.removeSubject?.('alice', {}),
  'removeSubject, by tombstones': (bench, { id }) => bench.backend.removeSubject?.('alice', { ending: tombstone(bench, id) }),
  removeLabel: ({ backend }) => backend.removeLabel?.('staff', {}),
  'removeLabel, by tombstones': (bench, { id }) => bench.backend.removeLabel?.('staff', { ending: tombstone(bench, id) }),
  removeAll: ({ backend }) => backend.removeAll?.()
}

function tombstone ({ clock, record }: Bench, id: string): Omit<SessionRecord, 'id'> {
  const { id: _, ...ending } = record({ id, data: '', expiresAt: clock.now + HOUR_MS })
  return ending
}

/** Whether a backend lacks the method that a deed begins with. */
function lacks (backend: SessionBackend, deed: string): boolean {
  return backend[deed.split(',')[0] as keyof SessionBackend] === undefined
}

async function until (isSo: () => boolean, problem: string): Promise<void> {
  const end = performance.now() + LIMIT_MS
  while (!isSo()) {
    assert.ok(performance.now() < end, problem)
    await new Promise(resolve => { setTimeout(resolve, PAUSE_MS) })
  }
}

async function listen (backend: SessionBackend, onReport: (id: string | null) => void = () => {}): Promise<Ear> {
  const heard: Array<string | null> = []
  const watch = backend.watch!(id => {
    heard.push(id)
    onReport(id)
  })
  await until(() => watch.isLive, 'the watch does not become live')
  return { watch, heard }
}

async function hears ({ heard }: Ear, id: string, deed: string): Promise<void> {
  await until(() => heard.includes(id) || heard.includes(null), `${deed} was not reported`)
}

const ofAlice = async (bench: Bench): Promise<SessionRecord> => {
  const [id] = await label(bench, [['staff']])
  return (await bench.backend.read(id!))!
}

export const watching: readonly Case[] = [
  {
    name: 'reports a session that was changed to those who watch',
    needs: ['watch'],
    async run (bench) {
      const ear = await listen(bench.backend)
      const record = await bench.stored()
      ear.heard.length = 0
      await change(bench, record)
      if (ear.watch.reportsOnlyEndings !== true) await hears(ear, record.id, 'a change')
      await ear.watch.close()
    }
  },
  {
    name: 'reports each session that has ended to those who watch, in whichever way it ended',
    needs: ['watch', 'labels'],
    async run (bench) {
      const ear = await listen(bench.backend)
      for (const [name, deed] of Object.entries(endings)) {
        if (lacks(bench.backend, name)) continue
        const record = await ofAlice(bench)
        // Where the reports come late, none of those before may count.
        await until(() => ear.watch.isLive, 'the watch does not stay live')
        await new Promise(resolve => { setTimeout(resolve, PAUSE_MS) })
        ear.heard.length = 0
        await deed(bench, record)
        await hears(ear, record.id, name)
      }
      await ear.watch.close()
    }
  },
  {
    name: 'reports no session of another registration to those who watch',
    needs: ['watch', 'registrations'],
    async run (bench) {
      const ear = await listen(bench.backend)
      const other = await bench.elsewhere('admin')
      try {
        const foreign = bench.record()
        await other.write(foreign.id, foreign, 0)
        await other.remove(foreign.id)
        const own = await bench.stored()
        ear.heard.splice(0, ear.heard.length, ...ear.heard.filter(id => id === foreign.id))
        await bench.backend.remove(own.id)
        await hears(ear, own.id, 'an ending')
        assert.ok(!ear.heard.includes(foreign.id), 'a session of another registration was reported')
      } finally {
        await ear.watch.close()
        await other.close?.()
      }
    }
  },
  {
    name: 'reports to everybody who watches, though a listener throws',
    needs: ['watch'],
    async run (bench) {
      const first = await listen(bench.backend, () => { throw new Error('a bug of the application') })
      const second = await listen(bench.backend)
      const { id } = await bench.stored()
      await bench.backend.remove(id)
      for (const ear of [first, second]) await hears(ear, id, 'an ending')
      for (const { watch } of [first, second]) await watch.close()
    }
  },
  {
    name: 'reports nothing to a watch that was closed, which is live no more',
    needs: ['watch'],
    async run (bench) {
      const [closed, open] = [await listen(bench.backend), await listen(bench.backend)]
      await closed.watch.close()
      closed.heard.length = open.heard.length = 0
      const { id } = await bench.stored()
      await bench.backend.remove(id)
      await hears(open, id, 'an ending')
      assert.deepEqual(closed.heard, [])
      assert.equal(closed.watch.isLive, false)
      await closed.watch.close()
      await open.watch.close()
    }
  }
]
