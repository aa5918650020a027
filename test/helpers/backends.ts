import { MemoryBackend, type BackendContext, type ListFilter, type ListPage, type SessionBackend, type SessionRecord } from '../../lib/index.ts'

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
    foundBy: /keeps a payload of 100 kB/,
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
    name: 'removes the session to keep',
    foundBy: /but for the one to keep/,
    create: () => wrong({ removeSubject: (inner, subject) => inner.removeSubject(subject, {}) })
  }
]

type Mistakes = Partial<{
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
