import { MemoryBackend, SessionTooLargeError, type BackendContext, type ListFilter, type ListPage, type SessionBackend, type SessionRecord } from '../../lib/index.ts'

/** The least that works: three methods, no versions, no expiry. */
export class MinimalBackend implements SessionBackend {
  readonly records = new Map<string, SessionRecord>()

  async read (id: string): Promise<SessionRecord | null> { return this.records.get(id) ?? null }

  async write (id: string, record: SessionRecord): Promise<string> {
    this.records.set(id, { ...record })
    return id
  }

  async remove (id: string): Promise<void> { this.records.delete(id) }
}

export const MAX_DATA_BYTES = 1_048_576

/** Refuses payloads above a limit, as Memcached does. */
export function limited (maxDataBytes: number, refusing: (inner: SessionBackend, id: string) => void = () => {}, inner = new MemoryBackend()): SessionBackend {
  const write = inner.write.bind(inner)
  const bind = inner.bind.bind(inner)
  return Object.assign(inner, {
    bind: (context: BackendContext) => limited(maxDataBytes, refusing, bind(context)),
    write (id: string, record: SessionRecord, expected?: number) {
      if (record.data.length <= maxDataBytes) return write(id, record, expected)
      refusing(inner, id)
      throw new SessionTooLargeError(record.data.length, maxDataBytes)
    }
  }) as SessionBackend
}

/** Backends that break one promise each, and the sentence of the kit that must find it. */
export const wrongBackends: ReadonlyArray<{ name: string, create: () => SessionBackend, foundBy: RegExp }> = [
  {
    name: 'claims to be atomic but upserts',
    foundBy: /writes nothing when the stored version is another one/,
    create: () => wrong({ write: (inner, id, record) => inner.write(id, record) })
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
    name: 'ignores expiry',
    foundBy: /reads null from the deadline on/,
    create: () => wrong({ now: () => 0 })
  },
  {
    name: 'keeps the old record when an expired one is written',
    foundBy: /leaves nothing readable after a write of an expired record/,
    create: () => wrong({ write: (inner, id, record, expected) => record.expiresAt === 0 ? id : inner.write(id, record, expected) })
  },
  {
    name: 'loses the version',
    foundBy: /reads it back as it was/,
    create: () => wrong({ read: record => record && { ...record, version: 1 } })
  },
  {
    name: 'loses the policy',
    foundBy: /reads it back as it was/,
    create: () => wrong({ read: record => record && { ...record, policy: null } })
  },
  {
    name: 'brings back a session that was removed',
    foundBy: /does not bring back a session that was removed/,
    create: () => wrong({ write: (inner, id, record, expected) => inner.write(id, record, inner.read(id) === null ? undefined : expected) })
  },
  {
    name: 'lets a creation take over an id',
    foundBy: /creates only where nothing is stored/,
    create: () => wrong({ write: (inner, id, record, expected) => inner.write(id, record, expected === 0 ? undefined : expected) })
  },
  {
    name: 'answers a repeated write with a conflict',
    foundBy: /takes a repeated write for done/,
    create: () => wrong({ write: (inner, id, record, expected) => inner.read(id)?.version === record.version ? null : inner.write(id, record, expected) })
  },
  {
    name: 'returns nonsense from write',
    foundBy: /returns the id of what it wrote/,
    create: () => wrong({ write: (inner, id, record, expected) => { inner.write(id, record, expected); return 'OK' } })
  },
  {
    name: 'returns nonsense from read',
    foundBy: /reads null for an id that nothing is stored under/,
    create: () => wrong({ read: record => record ?? {} as SessionRecord })
  },
  {
    name: 'keeps the live object',
    foundBy: /stores a copy/,
    create: () => new LiveObjects()
  },
  {
    name: 'mangles characters outside ASCII',
    foundBy: /keeps every character/,
    create: () => wrong({ read: record => record && { ...record, data: Buffer.from(record.data, 'latin1').toString('latin1') } })
  },
  {
    name: 'cuts long payloads',
    foundBy: /keeps a payload of 1 MB/,
    create: () => wrong({ write: (inner, id, record, expected) => inner.write(id, { ...record, data: record.data.slice(0, 32_767) }, expected) })
  },
  {
    name: 'keeps all sessions under one key',
    foundBy: /keeps sessions apart/,
    create: () => wrong({ id: () => 'one' })
  },
  {
    name: 'touches without a record',
    foundBy: /answers touch with false/,
    create: () => wrong({ touch: (inner, id, record) => inner.touch(id, record) || inner.write(id, record) === id })
  },
  {
    name: 'touches another version',
    foundBy: /changes nothing by touch once another version/,
    create: () => wrong({ touch: (inner, id, record) => inner.read(id) === null ? false : inner.write(id, record) === id })
  },
  {
    name: 'lists expired sessions',
    foundBy: /lists live sessions/,
    create: () => wrong({ list: (inner, filter) => ({ ...inner.list(filter), sessions: [...inner.list(filter).sessions, { ...inner.list({}).sessions[0]!, id: 'dead' }] }) })
  },
  {
    name: 'ignores the subject when it lists',
    foundBy: /lists the sessions of one subject/,
    create: () => wrong({ list: (inner, { subject: _, ...filter }) => inner.list(filter) })
  },
  {
    name: 'starts over at each page',
    foundBy: /hides and repeats no session/,
    create: () => {
      let pages = 0
      return wrong({ list: (inner, { cursor: _, ...filter }) => ({ ...inner.list(filter), cursor: ++pages % 3 === 0 ? null : 'more' }) })
    }
  },
  {
    name: 'counts tombstones',
    foundBy: /leaves tombstones out/,
    create: () => {
      let tombstones = 0
      return wrong({
        write: (inner, id, record, expected) => {
          if (record.data === '') tombstones++
          return inner.write(id, record, expected)
        },
        count: (inner, filter) => inner.count(filter) + tombstones
      })
    }
  },
  {
    name: 'removes live sessions when it sweeps',
    foundBy: /removes expired sessions and only those/,
    create: () => wrong({ removeExpired: inner => { inner.removeAll(); return 0 } })
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
        return { sessions: sessions.filter(one => subject === undefined || one.subject?.toLowerCase() === subject.toLowerCase()), cursor: null }
      }
    })
  },
  {
    name: 'revokes subjects that only begin alike',
    foundBy: /ends the sessions of nobody who only looks like the subject/,
    create: () => wrong({
      removeSubject: (inner, subject) => {
        const found = inner.list({ limit: 1_000 }).sessions.filter(one => one.subject?.startsWith(subject))
        for (const { id } of found) inner.remove(id)
        return found.length
      }
    })
  },
  {
    name: 'keeps the version in 32 bits',
    foundBy: /keeps the smallest and the largest numbers/,
    create: () => wrong({ write: (inner, id, record, expected) => inner.write(id, { ...record, version: (record.version | 0) >>> 0 || 1 }, expected) })
  },
  {
    name: 'touches what has expired',
    foundBy: /answers touch with false once the deadline has passed/,
    create: () => {
      const all = new Map<string, SessionRecord>()
      return wrong({
        write: (inner, id, record, expected) => { all.set(id, record); return inner.write(id, record, expected) },
        touch: (inner, id, record) => inner.touch(id, record) || (all.has(id) && inner.write(id, { ...all.get(id)!, expiresAt: record.expiresAt }) === id)
      })
    }
  },
  {
    name: 'revives a session that expired while a request worked on it',
    foundBy: /ends a session whose deadline passes while a request works on it/,
    create: () => wrong({ write: (inner, id, record, expected) => inner.write(id, record, inner.read(id) === null ? undefined : expected) })
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
    create: () => wrong({ write: (inner, id, record, expected) => inner.write(id, record, record.expiresAt === 0 ? undefined : expected) })
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
        write: (inner, id, record, expected) => { known.set(id, record.expiresAt); return inner.write(id, record, expected) },
        removeExpired: inner => {
          const dead = [...known].filter(([, expiresAt]) => expiresAt <= now())
          for (const [id] of dead) inner.remove(id)
          known.clear()
          return 0
        }
      })
    }
  },
  {
    name: 'lists by position, which moves while others come and go',
    foundBy: /hides and repeats no session|lists every session that is there throughout/,
    create: () => wrong({
      list: (inner, { cursor = '0', limit = 100 }) => {
        const all = inner.list({ limit: 10_000 }).sessions
        const end = Number(cursor) + limit
        return { sessions: all.slice(Number(cursor), end), cursor: end < all.length ? String(end) : null }
      }
    })
  },
  {
    name: 'lets a request bring back what was removed with all others',
    foundBy: /brings back no session that was removed with all others/,
    create: () => wrong({ write: (inner, id, record, expected) => inner.write(id, record, inner.count({}) === 0 ? undefined : expected) })
  },
  {
    name: 'lets a request bring back what was removed with its subject',
    foundBy: /brings back no session that was removed with its subject/,
    create: () => wrong({ write: (inner, id, record, expected) => inner.write(id, record, record.subject === 'alice' ? undefined : expected) })
  },
  {
    name: 'finds a session under a subject it had once',
    foundBy: /knows a session under its present subject only/,
    create: () => {
      const subjects = new Map<string, string>()
      return wrong({
        write: (inner, id, record, expected) => {
          if (record.subject !== null && !subjects.has(id)) subjects.set(id, record.subject)
          return inner.write(id, record, expected)
        },
        removeSubject: (inner, subject) => {
          const found = [...subjects].filter(([, one]) => one === subject)
          for (const [id] of found) inner.remove(id)
          return found.length
        }
      })
    }
  },
  {
    name: 'forgets whose a renewed session is',
    foundBy: /finds a subject's session after it was renewed/,
    create: () => {
      const renewed = new Set<string>()
      return wrong({
        touch: (inner, id, record) => { renewed.add(id); return inner.touch(id, record) },
        removeSubject: (inner, subject) => {
          const found = inner.list({ subject, limit: 1_000 }).sessions.filter(({ id }) => !renewed.has(id))
          for (const { id } of found) inner.remove(id)
          return found.length
        }
      })
    }
  },
  {
    name: 'does not find whom it has just signed in',
    foundBy: /ends every session of a subject that was stored before/,
    create: () => {
      const index = new Set<string>()
      return wrong({
        write: (inner, id, record, expected) => { setTimeout(() => { index.add(id) }, 5); return inner.write(id, record, expected) },
        removeSubject: (inner, subject) => {
          const found = inner.list({ subject, limit: 1_000 }).sessions.filter(({ id }) => index.has(id))
          for (const { id } of found) inner.remove(id)
          return found.length
        }
      })
    }
  },
  {
    name: 'shares its sessions between registrations',
    foundBy: /keeps registrations apart that share a store/,
    create: () => {
      const inner = new MemoryBackend()
      const backend: SessionBackend = { atomic: true, read: id => inner.read(id), write: (id, record, expected) => inner.write(id!, record, expected), remove: id => inner.remove(id) }
      return Object.assign(backend, { list: (filter: ListFilter) => inner.list(filter), count: (filter: object) => inner.count(filter), removeAll: () => inner.removeAll(), removeSubject: (subject: string) => inner.removeSubject(subject, {}) })
    }
  },
  {
    name: 'creates over a tombstone',
    foundBy: /creates nothing over a tombstone/,
    create: () => wrong({ write: (inner, id, record, expected) => inner.write(id, record, expected === 0 && inner.read(id)?.data === '' ? undefined : expected) })
  },
  {
    name: 'ends a session by a dead record that expected none',
    foundBy: /ends no session by an expired record that expected none/,
    create: () => wrong({ write: (inner, id, record, expected) => inner.write(id, record, expected === 0 && record.expiresAt === 0 ? undefined : expected) })
  },
  {
    name: 'gives out the policy that it keeps',
    foundBy: /gives out copies/,
    create: () => {
      const policies = new Map<string, Record<string, unknown>>()
      return wrong({
        write: (inner, id, record, expected) => {
          policies.set(id, { ...record.policy })
          return inner.write(id, record, expected)
        },
        read: record => record?.policy ? { ...record, policy: policies.get(record.id)! } : record
      })
    }
  },
  {
    name: 'says that all sessions are removed, and removes them later',
    foundBy: /ends every session that was stored before all were removed/,
    create: () => {
      const backend = wrong({})
      const removeAll = backend.removeAll!.bind(backend)
      return Object.assign(backend, { removeAll: () => { setTimeout(removeAll, 5) } })
    }
  },
  {
    name: 'loses the old payload over one that is too large',
    foundBy: /refuses a payload above its limit/,
    create: () => limited(MAX_DATA_BYTES, (inner, id) => { inner.remove(id) })
  },
  {
    name: 'cuts a payload that is too large instead of refusing it',
    foundBy: /refuses a payload above its limit/,
    create: () => wrong({ write: (inner, id, record, expected) => inner.write(id, { ...record, data: record.data.slice(0, MAX_DATA_BYTES) }, expected) })
  },
  {
    name: 'removes the session to keep',
    foundBy: /but for the one to keep/,
    create: () => wrong({ removeSubject: (inner, subject) => inner.removeSubject(subject, {}) })
  }
]

type Mistakes = Partial<{
  bound: (context: BackendContext) => void
  now: () => number
  id: (id: string) => string
  read: (record: SessionRecord | null) => SessionRecord | null
  write: (inner: MemoryBackend, id: string, record: SessionRecord, expected?: number) => unknown
  touch: (inner: MemoryBackend, id: string, record: SessionRecord) => boolean
  list: (inner: MemoryBackend, filter: ListFilter) => ListPage<SessionRecord>
  count: (inner: MemoryBackend, filter: { subject?: string }) => number
  removeExpired: (inner: MemoryBackend) => number
  removeSubject: (inner: MemoryBackend, subject: string, options: { except?: string }) => number
}>

/** A memory backend with mistakes; right in everything else. */
function wrong (mistakes: Mistakes): SessionBackend {
  let inner = new MemoryBackend()
  const idOf = mistakes.id ?? (id => id)
  const backend: SessionBackend = {
    atomic: true,
    bind (context: BackendContext) {
      mistakes.bound?.(context)
      inner = new MemoryBackend().bind({ ...context, now: mistakes.now ?? context.now })
      return backend
    },
    read: id => (mistakes.read ?? (record => record))(inner.read(idOf(id))),
    write: (id, record, expected) => (mistakes.write?.(inner, idOf(id!), record, expected) ?? (mistakes.write ? null : inner.write(idOf(id!), record, expected))) as string,
    remove: id => { inner.remove(idOf(id)) },
    touch: (id, record) => mistakes.touch?.(inner, id, record) ?? inner.touch(idOf(id), record),
    list: filter => mistakes.list?.(inner, filter) ?? inner.list(filter),
    count: filter => mistakes.count?.(inner, filter) ?? inner.count(filter),
    removeExpired: options => mistakes.removeExpired?.(inner) ?? inner.removeExpired(options),
    removeAll: () => { inner.removeAll() },
    removeSubject: (subject, options) => mistakes.removeSubject?.(inner, subject, options) ?? inner.removeSubject(subject, options)
  }
  return backend
}

class LiveObjects extends MinimalBackend {
  override async write (id: string, record: SessionRecord): Promise<string> {
    this.records.set(id, record)
    return id
  }
}
