import type { SessionRecord } from '../../../lib/index.ts'
import { careless, wrong, type WrongBackend } from './wrong.ts'

/** Backends that break the rule of the expected version, or get parallel calls wrong. */
export const compareAndSet: readonly WrongBackend[] = [
  {
    name: 'claims to be atomic but upserts',
    foundBy: /writes nothing when the stored version is another one/,
    create: () => careless(() => true)
  },
  {
    name: 'claims to be atomic but checks and writes in two steps',
    foundBy: /lets exactly one of many parallel writers/,
    create: () => wrong({
      write: async (inner, id, record, expected) => {
        const stands = inner.read(id)?.version ?? 0
        await null
        return stands === record.version || expected === undefined || stands === expected ? inner.write(id, record) : null
      }
    })
  },
  {
    name: 'brings back a session that was removed',
    foundBy: /does not bring back a session that was removed/,
    create: () => careless(({ inner, id }) => inner.read(id) === null)
  },
  {
    name: 'lets a creation take over an id',
    foundBy: /creates only where nothing is stored/,
    create: () => careless(({ expected }) => expected === 0)
  },
  {
    name: 'answers a repeated write with a conflict',
    foundBy: /takes a repeated write for done/,
    create: () => wrong({
      write: (inner, id, record, expected) => inner.read(id)?.version === record.version ? null : inner.write(id, record, expected)
    })
  },
  {
    name: 'answers a conflict with another record than the one that stands',
    foundBy: /answers a refused write with nothing, or with the record that stands/,
    create: () => wrong({
      write: (inner, id, record, expected) => {
        const answer = inner.write(id, record, expected)
        return answer === id || answer === null ? answer : record
      }
    })
  },
  {
    name: 'lets an end win whatever stands',
    foundBy: /lets a change or an end of one version win, never both/,
    create: () => careless(({ record }) => record.expiresAt === 0)
  },
  {
    name: 'mixes up sessions that are written at once',
    foundBy: /keeps sessions apart that are written and read all at once/,
    create: () => {
      let last: SessionRecord | null = null
      return wrong({
        write: async (inner, id, record, expected) => {
          last = record
          await null
          return inner.write(id, { ...record, data: last.data }, expected)
        }
      })
    }
  },
  {
    name: 'sweeps what was renewed since it looked',
    foundBy: /removes no session that is renewed while it sweeps/,
    create: () => {
      const known = new Map<string, number>()
      let now = (): number => 0
      return wrong({
        bound: context => { now = context.now },
        write: (inner, id, record, expected) => {
          known.set(id, record.expiresAt)
          return inner.write(id, record, expected)
        },
        removeExpired: inner => {
          const dead = [...known].filter(([, expiresAt]) => expiresAt <= now())
          for (const [id] of dead) inner.remove(id)
          known.clear()
          return 0
        }
      })
    }
  }
]
