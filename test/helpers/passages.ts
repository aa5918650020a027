import { OpenedCookies } from '../../lib/backends/opened-cookies.ts'
import { CommitQueue, type Turn } from '../../lib/store/queue.ts'
import { BoundedMap } from '../../lib/tools/bounded-map.ts'
import { Deadlines, type Waiting } from '../../lib/tools/deadlines.ts'
import { HashMap } from '../../lib/tools/hash-map.ts'
import { TextCache } from '../../lib/tools/text-cache.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import { kept, type Load, type Passage } from './old-space.ts'

// A program, run by test/tools/garbage.test.ts: prints how many loads each of our long-lived places keeps, as JSON.

function passageOf (map: { set (key: string, load: Load): unknown, delete (key: string): unknown }): Passage {
  return {
    enter (n, load) { map.set(`id ${n}`, load) },
    leave (n) { map.delete(`id ${n}`) },
    keep (n) { map.set(`stays ${n}`, 'load') }
  }
}

function boundedMap (): Passage {
  return passageOf(new BoundedMap<string, Load>(Infinity))
}

/** Where the oldest has to go. */
function fullMap (): Passage {
  const map = new BoundedMap<string, Load>(100)
  return { enter (n, load) { map.set(`id ${n}`, load) }, leave () {} }
}

/** Sessions that are written again and again. */
function textCache (): Passage {
  const cache = new TextCache<Load>()
  return {
    enter (n, load) { cache.set(`id ${n % 100}`, `text ${n}`, load) },
    leave () {},
    keep (n) { for (let times = 0; times < 2; times++) cache.set(`stays ${n}`, 'text', 'load') }
  }
}

/** The same, in cookies. */
function openedCookies (): Passage {
  const cookies = new OpenedCookies(undefined)
  const textOf = (n: number) => `${n}`.padEnd(40, '.')
  return {
    enter (n, load) { cookies.set(textOf(n), { id: `id ${n % 100}`, load } as unknown as SessionRecord) },
    leave () {},
    keep (n) { for (let times = 0; times < 2; times++) cookies.set(textOf(-n), { id: `stays ${n}` } as SessionRecord) }
  }
}

class Wait implements Waiting {
  readonly due = Infinity
  readonly load: Load
  constructor (load: Load) { this.load = load }
  expire (): void {}
}

function deadlines (): Passage {
  const limit = new Deadlines(60_000, () => new Error('late'))
  const waits = new Array<Wait | null>(128).fill(null)
  return {
    enter (n, load) {
      const wait = new Wait(load)
      waits[n % 128] = wait
      limit.add(wait)
    },
    leave (n) {
      limit.delete(waits[n % 128]!)
      waits[n % 128] = null
    }
  }
}

function queue (): Passage {
  const commits = new CommitQueue<Load>()
  const turns = new Array<Turn<Load> | null>(128).fill(null)
  return {
    enter (n, load) {
      turns[n % 128] = commits.enterAtOnce(`id ${n}`)
      turns[n % 128]!.latest = load
    },
    leave (n) {
      turns[n % 128]!.leave(turns[n % 128]!.latest)
      turns[n % 128] = null
    }
  }
}

const passages: Readonly<Record<string, () => Passage>> = {
  Map: () => ({ ...passageOf(new Map()), keep () {} }),
  HashMap: () => passageOf(new HashMap()),
  BoundedMap: boundedMap,
  'full BoundedMap': fullMap,
  TextCache: textCache,
  OpenedCookies: openedCookies,
  Deadlines: deadlines,
  CommitQueue: queue
}

console.log(JSON.stringify(Object.fromEntries(Object.entries(passages).map(([name, open]) => [name, kept(open())]))))
process.exit()
