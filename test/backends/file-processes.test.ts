import { spawn, type ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { LEFTOVER_MS } from '../../lib/backends/file/leftovers.ts'
import { FileBackend } from '../../lib/file.ts'
import { compile, plainNode } from '../helpers/compiled.ts'
import type { WorkerOptions } from '../helpers/file-worker.ts'
import { seededRandom } from '../helpers/seeded-random.ts'
import { HOUR_MS } from '../helpers/times.ts'

/*
 * Real processes that write the same sessions. FILE_KILLS sets how many processes are killed, which can be more than a test
 * run has time for. FILE_SEED repeats the choices of a failed run; the moments of the kills cannot be repeated.
 */
const kills = Number(process.env['FILE_KILLS'] ?? 200)
const seed = Number(process.env['FILE_SEED'] ?? randomInt(2 ** 31))

const AT_ONCE = 3
const HOT_SESSIONS = 10
const LONGEST_LIFE_MS = 100

/** Sessions in files, with processes that write the sessions, and the lines that the processes printed. */
async function bench (t: Test) {
  const folder = t.testdir({ store: {}, logs: {}, code: {} })
  const directory = join(folder, 'store')
  const worker = compile('test/helpers/file-worker.ts', join(folder, 'code'))
  const backend = new FileBackend({ directory })
  await backend.prepare()
  const logs: string[] = []
  return {
    directory,
    backend,
    async create (n: number): Promise<string> {
      const id = n.toString(16).padStart(64, '0')
      const now = Date.now()
      await backend.write(id, { id, version: 1, data: '[1]', schemaVersion: 1, createdAt: now, lastAccessedAt: now, expiresAt: now + HOUR_MS, subject: null, policy: null, meta: null }, 0)
      return id
    },
    start (options: Omit<WorkerOptions, 'directory' | 'log'>): { child: ChildProcess, log: string } {
      const log = join(folder, 'logs', String(logs.length))
      logs.push(log)
      writeFileSync(log, '')
      const [command, ...args] = plainNode
      const child = spawn(command, [...args, worker, JSON.stringify({ directory, log, ...options })], { stdio: ['ignore', 'inherit', 'inherit'] })
      t.teardown(() => child.kill('SIGKILL'))
      return { child, log }
    },
    said: (log?: string) => judge((log === undefined ? logs : [log]).flatMap(path => readFileSync(path, 'utf8').split('\n')))
  }
}

/** The operations that processes began, and their answers. */
function judge (lines: readonly string[]) {
  const begun = new Map<string, Set<number>>()
  const written = new Map<string, Set<number>>()
  const refused = new Set<number>()
  const ended = new Set<string>()
  const ending = new Set<string>()
  const revived = new Set<string>()
  for (const [what, id = '', version] of lines.map(line => line.split(' '))) {
    if (what === 'write') begun.set(id, (begun.get(id) ?? new Set()).add(Number(version)))
    if (what === 'written') written.set(id, (written.get(id) ?? new Set()).add(Number(version)))
    if (what === 'refused') refused.add(Number(version))
    if (what === 'end') ending.add(id)
    if (what === 'ended') ended.add(id)
    if (what === 'revived') revived.add(id)
  }
  return { begun, written, refused, ended, ending, revived }
}

/** Everything that is wrong with the stored sessions, by the log of all processes. */
async function faults (backend: FileBackend, { begun, written, refused, ended, ending, revived }: ReturnType<typeof judge>): Promise<string[]> {
  const found = [...revived].map(id => `${id} was written after its end`)
  for (const id of new Set([...begun.keys(), ...ended])) {
    const stored = await backend.read(id)
    if (ended.has(id) && stored !== null) found.push(`${id} came back`)
    if (stored === null) {
      if (!ending.has(id) && (written.get(id)?.size ?? 0) > 0) found.push(`${id} is gone`)
      continue
    }
    const versions = JSON.parse(stored.data) as number[]
    if (new Set(versions).size < versions.length) found.push(`${id} has a write twice`)
    if (stored.version !== versions.at(-1)) found.push(`${id} has another version than its data`)
    for (const version of written.get(id) ?? []) if (!versions.includes(version)) found.push(`${id} lost ${version}`)
    for (const version of versions) {
      if (version !== 1 && (refused.has(version) || !begun.get(id)?.has(version))) found.push(`${id} has ${version}, which nobody wrote`)
    }
  }
  return found
}

t.test('no increment is lost between processes', async t => {
  const { create, start, said, backend } = await bench(t)
  const ids = await Promise.all([1, 2].map(create))
  const children = Array.from({ length: AT_ONCE }, (_, n) => start({ seed: seed + n, ids, increments: 100 }).child)
  const codes = await Promise.all(children.map(async child => (await once(child, 'exit'))[0]))
  t.strictSame(codes, [0, 0, 0])
  t.strictSame(await faults(backend, said()), [], `seed ${seed}`)
  const counts = await Promise.all(ids.map(async id => (JSON.parse((await backend.read(id))!.data) as number[]).length - 1))
  const acknowledged = ids.map(id => said().written.get(id)!.size)
  t.strictSame(counts, acknowledged)
  t.ok(counts[0]! + counts[1]! >= 300)
})

t.test(`processes that are killed lose nothing, tear nothing and bring nothing back (${kills} kills)`, { timeout: 60_000 + kills * 1_000 }, async t => {
  const { directory, create, start, said, backend } = await bench(t)
  const random = seededRandom(seed)
  const ids = await Promise.all(Array.from({ length: HOT_SESSIONS }, (_, n) => create(n)))
  let created = HOT_SESSIONS
  let killed = 0
  const found: string[] = []
  const lane = async (): Promise<void> => {
    while (killed < kills && found.length === 0) {
      const number = killed++
      const { child, log } = start({ seed: seed + number, ids: [...ids] })
      while (readFileSync(log, 'utf8') === '') await new Promise(resolve => { setTimeout(resolve, 5) })
      await new Promise(resolve => { setTimeout(resolve, random() * LONGEST_LIFE_MS) })
      child.kill('SIGKILL')
      await once(child, 'exit')
      for (let n = 0; n < ids.length; n++) {
        // Also throws when a record is torn.
        const stored = await backend.read(ids[n]!)
        if (stored === null) ids[n] = await create(created++)
        else JSON.parse(stored.data)
      }
      const { ended, written } = said(log)
      for (const id of ended) if (await backend.read(id) !== null) found.push(`${id} came back`)
      for (const [id, versions] of written) {
        const stored = await backend.read(id)
        for (const version of versions) if (stored !== null && !stored.data.includes(String(version))) found.push(`${id} lost ${version}`)
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  const all = said()
  t.strictSame([...found, ...await faults(backend, all)], [], `seed ${seed}`)
  const writes = [...all.written.values()].reduce((sum, { size }) => sum + size, 0)
  t.ok(writes > kills, `${writes} writes were acknowledged, ${all.ended.size} sessions ended, ${created} made`)

  await t.test('what they left behind is taken away once it is old, and nothing else', async t => {
    const live = await backend.count({})
    t.comment(`${leftovers(directory).length} leftovers`)
    age(directory)
    t.equal(await backend.removeExpired({}), 0)
    t.strictSame(leftovers(directory), [])
    t.equal(await backend.count({}), live)
    t.strictSame(await faults(backend, all), [])
  })
})

/** Everything but sessions with a pointer and data. */
function leftovers (directory: string): string[] {
  const root = join(directory, 'session')
  return readdirSync(root).filter(name => /^[0-9a-f]{2}$/.test(name)).flatMap(shard => readdirSync(join(root, shard)).flatMap(id => {
    const names = readdirSync(join(root, shard, id))
    return /^[0-9a-f]{64}$/.test(id) && names.length === 2 ? [] : names.length === 0 ? [join(shard, id)] : names.map(name => join(shard, id, name))
  }))
}

/** Makes all files look as if they were written long ago, but for the index, whose times mean deadlines. */
function age (directory: string): void {
  const past = (Date.now() - 2 * LEFTOVER_MS) / 1_000
  for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    if (!/subjects|labels/.test(path)) utimesSync(join(directory, path), past, past)
  }
}
