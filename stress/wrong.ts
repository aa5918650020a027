import { MemoryBackend, type BackendContext, type SessionBackend, type SessionRecord } from '../lib/index.ts'
import { MinimalBackend } from '../test/helpers/wrong-backends.ts'

type Mistakes = Partial<{
  read: (inner: MemoryBackend, id: string) => SessionRecord | null
  write: (inner: MemoryBackend, id: string, record: SessionRecord, expected?: number) => unknown
  removeSubject: () => number
}>

/** Backends that break one promise each, and the promise that must be found broken. */
export const wrongBackends: Readonly<Record<string, { create: () => SessionBackend, breaks: string }>> = {
  'wrong: upserts': {
    breaks: 'an acknowledged key stays',
    create: () => wrong({ write: (inner, id, record) => inner.write(id, record) })
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
    create: () => wrong({ write: (inner, id, record, expected) => inner.write(id, record, inner.read(id) === null ? undefined : expected) })
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
    create: () => wrong({ read: (inner, id) => rejuvenated(inner.read(id)) }, () => 0)
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
  }
}

let calls = 0

/** Now and then. */
function isNow (): boolean { return ++calls % 20 === 0 }

/** A memory backend with mistakes; right in everything else. */
function wrong (mistakes: Mistakes, now?: () => number): SessionBackend {
  let inner = new MemoryBackend()
  const backend: SessionBackend = {
    atomic: true,
    bind (context: BackendContext) {
      inner = new MemoryBackend().bind({ ...context, now: now ?? context.now })
      return backend
    },
    read: id => mistakes.read === undefined ? inner.read(id) : mistakes.read(inner, id),
    write: (id, record, expected) => (mistakes.write === undefined ? inner.write(id!, record, expected) : mistakes.write(inner, id!, record, expected)) as string,
    remove: id => { inner.remove(id) },
    touch: (id, record) => inner.touch(id, record),
    list: filter => inner.list(filter),
    removeSubject: (subject, options) => mistakes.removeSubject?.() ?? inner.removeSubject(subject, options)
  }
  return backend
}

function rejuvenated (record: SessionRecord | null): SessionRecord | null {
  return record === null || record.data === '' ? record : { ...record, createdAt: Date.now() + 86_400_000, lastAccessedAt: Date.now() + 86_400_000, expiresAt: Date.now() + 172_800_000 }
}

function invented (inner: MemoryBackend, id: string): SessionRecord | null {
  const [any] = inner.list({ limit: 1 }).sessions
  return any === undefined ? null : { ...any, id }
}
