import { MemoryBackend } from '../../lib/index.ts'
import { MigratingBackend } from '../../lib/migrate.ts'
import type { SessionBackend } from '../../types/index.d.ts'
import type { Gate } from './orders.ts'
import { contextOf } from './databases.ts'
import { START } from './times.ts'

/** A node of step one or of step two. */
export type Step = 1 | 2

/** A node on two stores. */
export function nodeOf (step: Step, old: SessionBackend, next: SessionBackend, now: () => number = () => START): MigratingBackend {
  const options = step === 1 ? { also: next } : { from: old }
  return new MigratingBackend(step === 1 ? old : next, options).bind(contextOf({ now }))
}

/** A store in this process, which any number of nodes share. */
export function newStore (now: () => number = () => START): MemoryBackend {
  return new MemoryBackend().bind(contextOf({ now }))
}

/** The store as a node sees it whose calls wait for their turn. */
export function gated (store: MemoryBackend, name: string, gate: Gate): SessionBackend {
  const reading = async (): Promise<void> => { await gate({ store: name, isRead: true }) }
  const writing = async (): Promise<void> => { await gate({ store: name, isRead: false }) }
  return {
    atomic: true,
    async read (id) { await reading(); return store.read(id) },
    async list (filter) { await reading(); return store.list(filter) },
    async count (filter) { await reading(); return store.count(filter) },
    async write (id, record, expected) { await writing(); return store.write(id!, record, expected) },
    async touch (id, record) { await writing(); return store.touch(id, record) },
    async remove (id) { await writing(); store.remove(id) },
    async removeAll () { await writing(); store.removeAll() },
    async removeSubject (subject, options) { await writing(); return store.removeSubject(subject, options) },
    async removeLabel (label, options) { await writing(); return store.removeLabel(label, options) }
  }
}
