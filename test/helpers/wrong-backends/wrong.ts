import { MemoryBackend, type BackendContext, type ListFilter, type ListPage, type SessionBackend, type SessionRecord } from '../../../lib/index.ts'
import type { Capabilities } from '../../../lib/testing/index.ts'

/** A backend that breaks one promise, and the sentence of the kit which must find it. */
export interface WrongBackend {
  readonly name: string
  create (): SessionBackend
  readonly foundBy: RegExp
  /** What the kit is told about the backend, where a memory backend would say something else. */
  readonly capabilities?: Partial<Capabilities>
}

/** What a memory backend does instead of its own work. */
export type Mistakes = Partial<{
  bound: (context: BackendContext) => void
  now: () => number
  id: (id: string) => string
  read: (inner: MemoryBackend, id: string) => SessionRecord | null
  write: (inner: MemoryBackend, id: string, record: SessionRecord, expected?: number) => unknown
  touch: (inner: MemoryBackend, id: string, record: SessionRecord) => boolean
  list: (inner: MemoryBackend, filter: ListFilter) => ListPage<SessionRecord>
  count: (inner: MemoryBackend, filter: { subject?: string }) => number
  removeExpired: (inner: MemoryBackend) => number
  removeSubject: (inner: MemoryBackend, subject: string, options: { except?: string }) => number
}>

/** A memory backend with mistakes; right in everything else. */
export function wrong (mistakes: Mistakes): SessionBackend {
  let inner = new MemoryBackend()
  const idOf = mistakes.id ?? (id => id)
  const read = mistakes.read ?? ((inner, id) => inner.read(id))
  const write = mistakes.write ?? ((inner, id, record, expected) => inner.write(id, record, expected))
  const backend: SessionBackend = {
    atomic: true,
    bind (context: BackendContext) {
      mistakes.bound?.(context)
      inner = new MemoryBackend().bind({ ...context, now: mistakes.now ?? context.now })
      return backend
    },
    read: id => read(inner, idOf(id)),
    write: (id, record, expected) => write(inner, idOf(id!), record, expected) as string,
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

/** Reads another record than the one that is stored. */
export function misreading (change: (record: SessionRecord) => Partial<SessionRecord>): SessionBackend {
  return wrong({
    read (inner, id) {
      const record = inner.read(id)
      return record === null ? null : { ...record, ...change(record) }
    }
  })
}

/** Stores another record than the one that is given. */
export function miswriting (change: (record: SessionRecord) => Partial<SessionRecord>): SessionBackend {
  return wrong({ write: (inner, id, record, expected) => inner.write(id, { ...record, ...change(record) }, expected) })
}

/** One write, as the condition of a careless backend sees it. */
export interface Write { readonly inner: MemoryBackend, readonly id: string, readonly record: SessionRecord, readonly expected: number | undefined }

/** Ignores the expected version of some writes. */
export function careless (isIgnored: (write: Write) => boolean): SessionBackend {
  return wrong({
    write: (inner, id, record, expected) => inner.write(id, record, isIgnored({ inner, id, record, expected }) ? undefined : expected)
  })
}

/** Removes the sessions which a wrong idea of a subject's sessions has found; how many there were. */
export function removeAllOf (inner: MemoryBackend, ids: Iterable<string>): number {
  const found = [...ids]
  for (const id of found) inner.remove(id)
  return found.length
}
