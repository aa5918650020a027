import type { SessionRecord } from '../../../lib/index.ts'
import { MinimalBackend } from '../minimal-backend.ts'
import { misreading, miswriting, removeAllOf, wrong, type WrongBackend } from './wrong.ts'

class LiveObjects extends MinimalBackend {
  override write (id: string, record: SessionRecord): string {
    this.records.set(id, record)
    return id
  }
}

/** Backends that change records, or mix up ids and subjects. */
export const storing: readonly WrongBackend[] = [
  {
    name: 'loses the version',
    foundBy: /reads it back as it was/,
    create: () => misreading(() => ({ version: 1 }))
  },
  {
    name: 'loses the policy',
    foundBy: /reads it back as it was/,
    create: () => misreading(() => ({ policy: null }))
  },
  {
    name: 'loses meta',
    foundBy: /reads it back as it was/,
    create: () => misreading(() => ({ meta: null }))
  },
  {
    name: 'keeps JSON, and no more than twenty levels of it',
    foundBy: /nested as deeply as a session may be/,
    create: () => misreading(({ data }) => ({ data: /[[{]{20}|(?:\{"a":){20}/.test(data) ? '{}' : data }))
  },
  {
    name: 'returns nonsense from write',
    foundBy: /returns the id of what it wrote/,
    create: () => wrong({
      write (inner, id, record, expected) {
        inner.write(id, record, expected)
        return 'OK'
      }
    })
  },
  {
    name: 'returns nonsense from read',
    foundBy: /reads null for an id that nothing is stored under/,
    create: () => wrong({ read: (inner, id) => inner.read(id) ?? {} as SessionRecord })
  },
  {
    name: 'keeps the live object',
    foundBy: /stores a copy/,
    capabilities: {},
    create: () => new LiveObjects()
  },
  {
    name: 'mangles characters outside ASCII',
    foundBy: /keeps every character/,
    create: () => misreading(({ data }) => ({ data: Buffer.from(data, 'latin1').toString('latin1') }))
  },
  {
    name: 'cuts long payloads',
    foundBy: /keeps a payload of 1 MB, or as large as it says/,
    create: () => miswriting(({ data }) => ({ data: data.slice(0, 32_767) }))
  },
  {
    name: 'keeps the version in 32 bits',
    foundBy: /keeps the smallest and the largest numbers/,
    create: () => miswriting(({ version }) => ({ version: (version | 0) >>> 0 || 1 }))
  },
  {
    name: 'keeps all sessions under one key',
    foundBy: /keeps sessions apart/,
    create: () => wrong({ id: () => 'one' })
  },
  {
    name: 'takes an id in upper case for the same',
    foundBy: /takes an id that no session can have for absent/,
    create: () => wrong({ id: id => id.toLowerCase() })
  },
  {
    name: 'trims ids',
    foundBy: /takes an id that no session can have for absent/,
    create: () => wrong({ id: id => id.trim() })
  },
  {
    name: 'takes subjects for equal that differ in case',
    foundBy: /keeps subjects apart that look alike/,
    create: () => wrong({
      list: (inner, { subject, ...filter }) => {
        const { sessions } = inner.list({ limit: 1_000, ...filter })
        const wanted = subject?.toLowerCase()
        return { sessions: sessions.filter(({ subject }) => wanted === undefined || subject?.toLowerCase() === wanted), cursor: null }
      }
    })
  },
  {
    name: 'revokes subjects that only begin alike',
    foundBy: /ends the sessions of nobody who only looks like the subject/,
    create: () => wrong({
      removeSubject (inner, wanted) {
        const alike = inner.list({ limit: 1_000 }).sessions.filter(({ subject }) => subject?.startsWith(wanted))
        return removeAllOf(inner, alike.map(({ id }) => id))
      }
    })
  }
]
