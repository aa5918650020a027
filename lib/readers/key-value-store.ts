import type { Awaitable, ForeignRejection } from '../../types/index.d.ts'
import { hasMethods, unexpected } from '../tools/check-options.ts'
import { bytesOf } from './options.ts'
import { rejected, unknown } from './reader.ts'

/** Where a library for Python keeps its records: a client of Redis, or anything that answers with the value of a key. */
export interface KeyValueStore {
  /** Text or bytes; nothing, or an error `ENOENT`, where the key has no value. */
  get (key: string): Awaitable<unknown>
  /** Removes a record, for `clear: true`. Without this method records stay where they are. */
  del? (key: string): unknown
}

/** @throws InvalidOptionsError */
export function assertStore (reader: string, store: unknown): void {
  if (hasMethods(store, ['get'])) return
  throw unexpected(`${reader}.store`, 'an object with the function get', store, 'for example a client of Redis')
}

/**
 * The value of a key. The errors of the store are thrown.
 *
 * @param secret that of the cookie which leads to the key
 */
export async function valueAt (store: KeyValueStore, key: string, secret: string): Promise<Buffer | ForeignRejection> {
  const value = await answerOf(store, key)
  if (value === undefined || value === null) return unknown(secret)
  return bytesOf(value) ?? rejected('corrupt')
}

/** What removes the value of a key, where the store can. */
export function removal (store: KeyValueStore, key: string): { remove?: () => Awaitable<unknown> } {
  return typeof store.del === 'function' ? { remove: () => store.del!(key) } : {}
}

async function answerOf (store: KeyValueStore, key: string): Promise<unknown> {
  try {
    return await store.get(key)
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code === 'ENOENT') return undefined
    throw error
  }
}
