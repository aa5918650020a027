import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { FileCatalog } from '../../lib/backends/file/catalog.ts'
import { Disk } from '../../lib/backends/file/disk.ts'
import { Places } from '../../lib/backends/file/names.ts'
import { SessionIndex } from '../../lib/backends/file/session-index.ts'
import { FileSessions } from '../../lib/backends/file/sessions.ts'
import { Writer } from '../../lib/backends/file/writer.ts'
import { tombstone } from '../../lib/record/record.ts'
import { RedisBackend } from '../../lib/redis.ts'
import type { ListFilter, SessionRecord } from '../../types/index.d.ts'
import { everyOrder, Stage } from '../helpers/interleaving.ts'
import { newRecord, nextOf } from '../helpers/records.ts'
import { newPrefix, watchedClient } from '../helpers/redis.ts'
import { sharedServer } from '../helpers/servers.ts'
import { HOUR_MS } from '../helpers/times.ts'

/** A backend whose steps wait at the stage, and a clock. */
interface Bench {
  readonly clock: { now: number }
  write (record: SessionRecord, expected: number): Promise<unknown>
  read (id: string): Promise<SessionRecord | null>
  list (filter: ListFilter): Promise<string[]>
  end (kind: 'subject' | 'label', value: string): Promise<number>
  /** Waits until what nobody waits for is done. */
  settle (): Promise<unknown>
}

/** Makes a bench for each actor, all on one store. */
type Open = (t: Test, stage: Stage) => (actor: number) => Bench

const GATED = ['evalsha', 'zrange', 'get']
const client = new Redis(await sharedServer('redis'))
client.on('error', () => {})
t.teardown(() => { client.disconnect() })

const onRedis: Open = (_t, stage) => {
  const prefix = newPrefix()
  const clock = { now: Date.now() }
  return actor => {
    // What takes an entry out of an index is no step of its own.
    const watched = watchedClient(client, async (name, _args, send) => GATED.includes(name) ? await stage.pass(actor, send) : await stage.follow(send))
    const backend = new RedisBackend(watched, { prefix }).bind({ property: 'session', now: () => clock.now } as never)
    return {
      clock,
      write: async (record, expected) => await backend.write(record.id, record, expected),
      read: id => backend.read(id),
      list: async filter => (await backend.list(filter)).sessions.map(({ id }) => id),
      end: (kind, value) => kind === 'subject' ? backend.removeSubject(value, {}) : backend.removeLabel(value, {}),
      settle: () => client.ping()
    }
  }
}

const onFiles: Open = (t, stage) => {
  const directory = t.testdir({})
  const clock = { now: Date.now() }
  const now = () => clock.now
  const places = new Places(directory, 'session')
  return actor => {
    class StagedDisk extends Disk {
      override async writeNew (path: string, content: Buffer): Promise<void> {
        const write = () => super.writeNew(path, content)
        return content.length === 0 ? await write() : await stage.pass(actor, write)
      }
    }
    class StagedIndex extends SessionIndex {
      override async add (record: SessionRecord): Promise<void> { await stage.pass(actor, () => super.add(record)) }
      override async idsOf (key: Parameters<SessionIndex['idsOf']>[0]): Promise<string[]> { return await stage.pass(actor, () => super.idsOf(key)) }
    }
    class StagedSessions extends FileSessions {
      override async read (id: string): Promise<SessionRecord | null> { return await stage.pass(actor, () => super.read(id)) }
    }
    const disk = new StagedDisk(false)
    const index = new StagedIndex(places, disk, now)
    const sessions = new StagedSessions(places, new Writer(places, disk, index), now, () => {})
    const catalog = new FileCatalog(places, sessions, index, now)
    return {
      clock,
      write: (record, expected) => sessions.write(record.id, record, expected),
      read: id => sessions.read(id),
      list: async filter => (await catalog.list(filter)).sessions.map(({ id }) => id),
      end: (kind, value) => catalog.end({ kind, value }, {}),
      settle: async () => {}
    }
  }
}

const KEYS = [{ subject: 'alice' }, { label: 'x' }, { label: 'y' }, { label: 'z' }]
const isAlive = async (bench: Bench, id: string): Promise<boolean> => ((await bench.read(id))?.data ?? '') !== ''

/** A live session is found under each of its keys, and anything else under none. */
async function assertFound (t: Test, bench: Bench, id: string, what: string): Promise<void> {
  const record = await bench.read(id)
  for (const key of KEYS) {
    const isMeant = record !== null && record.data !== '' &&
      (key.subject === undefined ? record.meta?.labels?.includes(key.label!) === true : record.subject === key.subject)
    const found = await bench.list(key)
    if (found.includes(id) !== isMeant) t.fail(`${what}: ${JSON.stringify(key)} has ${found.length}, and the session ${record?.data}`)
  }
}

for (const [name, open] of Object.entries({ Redis: onRedis, files: onFiles })) {
  const run = async (t: Test, play: (actors: Bench[], record: SessionRecord) => Promise<Array<() => Promise<void>>>, judge: (bench: Bench, record: SessionRecord, what: string) => Promise<void>) => {
    const orders = await everyOrder(async choices => {
      const stage = new Stage(false)
      const place = open(t, stage)
      const actors = [0, 1, 2].map(place)
      const bench = place(3)
      const record = newRecord({ subject: 'alice', meta: { labels: ['x'] }, expiresAt: Date.now() + 10 * HOUR_MS })
      const steps = await stage.run(await play(actors, record), choices)
      await bench.settle()
      await judge(bench, record, `order ${choices.join()}`)
      return steps
    })
    t.ok(orders >= 5, `${orders} orders`)
  }

  t.test(`on ${name} in every order of steps, a sign-in beside an end of its label or subject is ended or can be found`, async t => {
    let isDone = false
    let mustEnd = false
    let answer: unknown
    await run(t, async ([one, two, three], record) => {
      isDone = mustEnd = false
      return [
        async () => {
          answer = await one!.write(record, 0)
          isDone = true
        },
        async () => {
          mustEnd ||= isDone
          await two!.end('label', 'x')
        },
        async () => { await three!.list({ label: 'x' }) }
      ]
    }, async (bench, record, what) => {
      const lives = await isAlive(bench, record.id)
      if (lives && (mustEnd || answer !== record.id)) t.fail(`${what}: lives, and should not`)
      if (answer !== record.id && lives) t.fail(`${what}: was refused, and lives`)
      await assertFound(t, bench, record.id, what)
      bench.clock.now += 6 * 60_000
      await assertFound(t, bench, record.id, `${what}, later`)
    })
  })

  t.test(`on ${name} in every order of steps, an end of a session beside one by its label and a listing ends it once, and leaves nothing to find`, async t => {
    let ended = 0
    await run(t, async ([one, two, three], record) => {
      await one!.write(record, 0)
      ended = 0
      return [
        async () => { if (await one!.write(tombstone(record.id, one!.clock.now), record.version) === record.id) ended++ },
        async () => {
          const count = await two!.end('label', 'x')
          ended += count
        },
        async () => { await three!.list({ label: 'x' }) }
      ]
    }, async (bench, record, what) => {
      if (await isAlive(bench, record.id)) t.fail(`${what}: lives`)
      if (ended !== 1) t.fail(`${what}: was ended ${ended} times`)
      await assertFound(t, bench, record.id, what)
    })
  })

  t.test(`on ${name} in every order of steps, a session whose labels change is ended or found by those it has`, async t => {
    let answer: unknown
    await run(t, async ([one, two], record) => {
      await one!.write(record, 0)
      const changed = nextOf(record, { meta: { labels: ['y'] } })
      return [
        async () => { answer = await one!.write(changed, record.version) },
        async () => { await two!.end('label', 'x') }
      ]
    }, async (bench, record, what) => {
      const lives = await isAlive(bench, record.id)
      if (lives !== (answer === record.id)) t.fail(`${what}: the change was ${answer === record.id ? 'stored' : 'refused'}, and the session ${lives ? 'lives' : 'has ended'}`)
      await assertFound(t, bench, record.id, what)
    })
  })
}
