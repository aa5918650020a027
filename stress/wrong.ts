import type { MemoryBackend, SessionBackend, SessionRecord } from '../lib/index.ts'
import { MinimalBackend } from '../test/helpers/minimal-backend.ts'
import { careless, wrong } from '../test/helpers/wrong-backends/wrong.ts'
import { DAY_MS } from '../test/helpers/times.ts'
import { UNREADABLE } from './refusing.ts'

export interface WrongBackend {
  create (): SessionBackend
  /** The promise that the checker must find broken … */
  readonly breaks: string
  /** … in this scenario. Default: traffic. */
  readonly scenario?: string
}

const OUTAGE_MS = 200

/** Backends that break a promise each. */
export const wrongBackends: Readonly<Record<string, WrongBackend>> = {
  'wrong: upserts': {
    breaks: 'an acknowledged key stays',
    create: () => careless(() => true)
  },
  'wrong: compares, then writes': {
    breaks: 'a transaction counts once',
    create: () => wrong({
      write: async (inner, id, record, expected) => {
        const stands = inner.read(id)
        await new Promise(resolve => { setImmediate(resolve) })
        return stands === null || expected === undefined || stands.version === expected ? inner.write(id, record) : stands
      }
    })
  },
  'wrong: brings back what was removed': {
    breaks: 'an ended session is not accepted',
    create: () => careless(({ inner, id }) => inner.read(id) === null)
  },
  'wrong: keeps the old id': {
    breaks: 'an ended session is not accepted',
    create: () => wrong({ write: (inner, id, record, expected) => record.data === '' ? id : inner.write(id, record, expected) })
  },
  'wrong: keeps what was revoked': {
    breaks: 'a revoked session is not accepted',
    create: () => wrong({ removeSubject: () => 0 })
  },
  'wrong: takes any id': {
    breaks: 'an id that was not issued is not accepted',
    create: () => wrong({ read: (inner, id) => inner.read(id) ?? invented(inner, id) })
  },
  'wrong: begins a session anew with each read': {
    breaks: 'a session ends at its deadline',
    create: () => wrong({ now: () => 0, read: (inner, id) => rejuvenated(inner.read(id)) })
  },
  'wrong: forgets sessions': {
    breaks: 'a session stays until it is ended',
    create: () => wrong({ read: (inner, id) => isNow() ? null : inner.read(id) })
  },
  'wrong: mixes sessions up': {
    breaks: 'a key has a value that was written to it',
    create: () => {
      let last: SessionRecord | null = null
      return wrong({
        read: (inner, id) => {
          const found = inner.read(id)
          if (found === null || found.data === '' || last === null || !isNow()) {
            last = found?.data === '' ? last : found
            return found
          }
          return { ...last, id }
        }
      })
    }
  },
  'wrong: no versions': {
    breaks: 'an ended session is not accepted',
    create: () => new MinimalBackend()
  },
  'wrong: never comes to an end': {
    scenario: 'bursts',
    breaks: 'an ending is acknowledged in time',
    create: () => wrong({
      write: (inner, id, record, expected) => record.data === '' ? new Promise(() => {}) : inner.write(id, record, expected)
    })
  },
  'wrong: fails for all after one session': {
    scenario: 'hostile',
    breaks: 'who did nothing wrong gets no 503',
    create: () => {
      let failsUntil = 0
      return wrong({
        read: (inner, id) => {
          const found = inner.read(id)
          if (found?.data.includes(UNREADABLE) === true) failsUntil = Date.now() + OUTAGE_MS
          if (Date.now() < failsUntil) throw new Error('the server is down')
          return found
        }
      })
    }
  },
  'wrong: one space for all registrations': {
    scenario: 'neighbours',
    breaks: 'two registrations on one store never meet',
    // The registration that is bound last decides for both.
    create: () => wrong({})
  }
}

let calls = 0

/** True at every twentieth call. */
function isNow (): boolean { return ++calls % 20 === 0 }

/** The record as if its session began tomorrow. */
function rejuvenated (record: SessionRecord | null): SessionRecord | null {
  if (record === null || record.data === '') return record
  const tomorrow = Date.now() + DAY_MS
  return { ...record, createdAt: tomorrow, lastAccessedAt: tomorrow, expiresAt: tomorrow + DAY_MS }
}

/** The data of some session, under an id that was never issued. */
function invented (inner: MemoryBackend, id: string): SessionRecord | null {
  const [any] = inner.list({ limit: 1 }).sessions
  return any === undefined ? null : { ...any, id }
}
