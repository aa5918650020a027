// What an author of a backend writes.
import test from 'node:test'
import tap from 'tap'
import { MemoryBackend, type Awaitable, type BackendContext, type ListFilter, type ListPage, type SessionBackend, type SessionRecord, type WriteContext } from '../lib/index.ts'
import { type Capabilities, FaultyBackend, testBackend } from '../lib/testing/index.ts'
import { same, use } from './equals.ts'

/** Three methods, without a promise. */
class MinimalBackend implements SessionBackend {
  readonly #records = new Map<string, SessionRecord>()
  read (id: string) { return this.#records.get(id) ?? null }
  remove (id: string) { this.#records.delete(id) }
  write (id: string, record: SessionRecord) {
    this.#records.set(id, record)
    return id
  }
}

/** All of them. */
class FullBackend implements SessionBackend {
  readonly atomic = true
  async read (_id: string): Promise<SessionRecord | null> { return null }
  async write (id: string | null, _record: SessionRecord, expectedVersion?: number, context?: WriteContext): Promise<string | SessionRecord | null> {
    same<typeof context, WriteContext | undefined>()
    return expectedVersion === 0 ? id : null
  }

  async remove (_id: string): Promise<void> {}
  async touch (_id: string, { expiresAt }: SessionRecord): Promise<boolean> { return expiresAt > 0 }
  bind ({ now, secrets, timeout }: BackendContext): FullBackend {
    same<typeof now, () => number>()
    same<typeof secrets, readonly Buffer[]>()
    same<typeof timeout, number>()
    return this
  }

  async exists (_id: string): Promise<boolean> { return false }
  async list (_filter: ListFilter): Promise<ListPage<SessionRecord>> { return { sessions: [], cursor: null } }
  async count (_filter: { subject?: string }): Promise<number> { return 0 }
  async removeExpired (_options: { limit?: number }): Promise<number> { return 0 }
  async removeAll (): Promise<void> {}
  async removeSubject (_subject: string, _options: { except?: string }): Promise<number> { return 0 }
  serverOf (id: string): string | null { return id === '' ? null : 'host:1' }
  async close (): Promise<void> {}
}

const literal: SessionBackend = { read: () => null, write: id => id, remove () {} }
const faulty: SessionBackend = new FaultyBackend(new MinimalBackend()).fail('read').hang('write')
same<ReturnType<SessionBackend['read']>, Awaitable<SessionRecord | null>>()

// @ts-expect-error three methods are the least
use({ read: () => null, write: id => id } satisfies SessionBackend)
// @ts-expect-error it answers with the id, or with what stands
use({ read: () => null, write: () => {}, remove () {} } satisfies SessionBackend)
// @ts-expect-error `null` says that there is none
use({ read: () => undefined, write: () => 'id', remove () {} } satisfies SessionBackend)
// @ts-expect-error whether there was a record
use({ read: () => null, write: () => 'id', remove () {}, touch () {} } satisfies SessionBackend)

declare const record: SessionRecord
// @ts-expect-error the core sets it whole
record.expiresAt = 0
same<typeof record.policy extends object | null ? true : false, true>()

// ------------------------------------------------------------------------------------------ the kit runs under any of these

use(tap.test('a backend', t => testBackend(t, () => new MinimalBackend())))
use(test('a backend', t => testBackend(t, async () => new FullBackend(), { expires: false })))
// @ts-expect-error no such promise
use((t => testBackend(t, () => new MemoryBackend(), { fast: true }))(tap))
same<keyof Capabilities, 'atomic' | 'selfContained' | 'bound' | 'expires' | 'registrations' | 'touch' | 'exists' | 'list' | 'count' | 'removeExpired' | 'removeAll' | 'removeSubject' | 'removeLabel' | 'labels' | 'watch' | 'maxDataBytes'>()

export { faulty, literal }
