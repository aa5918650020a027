import t, { type Test } from 'tap'
import { CommitQueue, type Turn } from '../../lib/store/queue.ts'
import { BoundedMap } from '../../lib/tools/bounded-map.ts'
import { Deadlines, type Waiting } from '../../lib/tools/deadlines.ts'
import { HashMap } from '../../lib/tools/hash-map.ts'
import { TextCache } from '../../lib/tools/text-cache.ts'
import { kept, type Load, type Passage } from '../helpers/old-space.ts'

/*
 * What a request leaves in a long-lived place must be garbage when the request is over, and must not live until the next collection of
 * the whole heap. `Map` and `Set` do not see to that: see lib/tools/hash-map.ts.
 */

/** Of 20,000. */
const MOST_KEPT = 2_000

function passageOf (map: { set (key: string, load: Load): unknown, delete (key: string): unknown }): Passage {
  return { enter (n, load) { map.set(`id ${n}`, load) }, leave (n) { map.delete(`id ${n}`) } }
}

function boundedMap (): Passage {
  const map = new BoundedMap<string, Load>(100)
  return { enter (n, load) { map.set(`id ${n}`, load) }, leave () {} }
}

/** Sessions that are written again and again. */
function textCache (): Passage {
  const cache = new TextCache<Load>()
  return { enter (n, load) { cache.set(`id ${n % 100}`, `text ${n}`, load) }, leave () {} }
}

function deadlines (t: Test): Passage {
  const limit = new Deadlines(60_000, () => new Error('late'))
  t.teardown(() => {
    for (const wait of waits) if (wait !== null) limit.delete(wait)
    limit.close()
  })
  const waits = new Array<Waiting & { load: Load } | null>(128).fill(null)
  return {
    enter (n, load) {
      const wait = { due: limit.next, expire () {}, load }
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

const passages: Readonly<Record<string, (t: Test) => Passage>> = {
  HashMap: () => passageOf(new HashMap()), BoundedMap: boundedMap, TextCache: textCache, Deadlines: deadlines, CommitQueue: queue
}

t.test('this measure tells: a Map keeps most of what has left it', async t => {
  t.ok(kept(passageOf(new Map())) > 4 * MOST_KEPT)
})

for (const [name, open] of Object.entries(passages)) {
  t.test(`what has left a ${name} is garbage`, async t => {
    const count = kept(open(t))
    t.ok(count < MOST_KEPT, `${count} of 20,000 stay`)
  })
}
