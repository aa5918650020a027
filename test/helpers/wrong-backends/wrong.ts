import { MemoryBackend } from '../../../lib/index.ts'
import type { Capabilities } from '../../../lib/testing/index.ts'
import type { BackendContext, ListFilter, ListPage, RemoveOptions, SessionBackend, SessionRecord } from '../../../types/index.d.ts'

/** A backend that breaks a promise, and the sentence of the kit that must fail. */
export interface WrongBackend {
  readonly name: string
  create (): SessionBackend
  readonly foundBy: RegExp
  /** The capabilities that the kit is told. Default: those of a memory backend. */
  readonly capabilities?: Partial<Capabilities>
}

/** Replacements for the work of a memory backend. */
export type Mistakes = Partial<{
  bound: (context: BackendContext) => void
  now: () => number
  id: (id: string) => string
  read: (inner: MemoryBackend, id: string) => SessionRecord | null
  write: (inner: MemoryBackend, id: string, record: SessionRecord, expected?: number) => unknown
  touch: (inner: MemoryBackend, id: string, record: SessionRecord) => boolean | null
  list: (inner: MemoryBackend, filter: ListFilter) => ListPage<SessionRecord>
  count: (inner: MemoryBackend, filter: Pick<ListFilter, 'subject' | 'label'>) => number
  removeExpired: (inner: MemoryBackend) => number
  removeSubject: (inner: MemoryBackend, subject: string, options: RemoveOptions) => number
  removeLabel: (inner: MemoryBackend, label: string, options: RemoveOptions) => number
}>

/** A memory backend with mistakes, correct in everything else. */
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
    removeSubject: (subject, options) =>
      mistakes.removeSubject?.(inner, subject, options) ?? inner.removeSubject(subject, options),
    removeLabel: (label, options) => mistakes.removeLabel?.(inner, label, options) ?? inner.removeLabel(label, options)
  }
  return backend
}

/** A backend whose `read` changes the stored record. */
export function misreading (change: (record: SessionRecord) => Partial<SessionRecord>): SessionBackend {
  return wrong({
    read (inner, id) {
      const record = inner.read(id)
      return record === null ? null : { ...record, ...change(record) }
    }
  })
}

/** A backend whose `write` changes the given record. */
export function miswriting (change: (record: SessionRecord) => Partial<SessionRecord>): SessionBackend {
  return wrong({ write: (inner, id, record, expected) => inner.write(id, { ...record, ...change(record) }, expected) })
}

/** A write, as the condition of a careless backend sees it. */
export interface Write {
  readonly inner: MemoryBackend
  readonly id: string
  readonly record: SessionRecord
  readonly expected: number | undefined
}

/** A backend that ignores the expected version of some writes. */
export function careless (isIgnored: (write: Write) => boolean): SessionBackend {
  return wrong({
    write: (inner, id, record, expected) => inner.write(id, record, isIgnored({ inner, id, record, expected }) ? undefined : expected)
  })
}

/** Removes these sessions, and returns how many there were. */
export function removeAllOf (inner: MemoryBackend, ids: Iterable<string>): number {
  const found = [...ids]
  for (const id of found) inner.remove(id)
  return found.length
}
