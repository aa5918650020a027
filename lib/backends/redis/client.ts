import type { Writable } from 'node:stream'
import { unexpected } from '../../tools/check-options.ts'
import type { InvalidOptionsError } from '../../errors.ts'

type Send = (...args: Array<string | number>) => Promise<unknown>

/**
 * What is used of an ioredis client, `Redis` or `Cluster`, version 5 or 6. Written down here, so that the types of this
 * package need no driver.
 */
export interface RedisClient {
  /** `'end'` once it was closed for good. */
  readonly status: string
  readonly options: { readonly keyPrefix?: string | undefined }
  createBuiltinCommand (name: string): { string: unknown, buffer: unknown }
  defineCommand (name: string, definition: { lua: string }): void
}

interface Inside extends RedisClient {
  readonly isCluster?: boolean
  readonly isPipeline?: boolean
  /** The connection, where there is one: a part of ioredis that it does not document. */
  readonly stream?: Partial<Pick<Writable, 'cork' | 'uncork'>>
  readonly options: { readonly keyPrefix?: string | undefined, readonly scaleReads?: unknown, readonly role?: unknown }
  nodes? (role: 'master'): Inside[]
}

const COMMANDS_AT_ONCE = 200
const OWN_CLIENT = 'give the sessions a client of their own'

/** @throws InvalidOptionsError */
export function assertClient (value: unknown): asserts value is RedisClient {
  if (!isClient(value)) throw refused(value, 'an ioredis client, `new Redis(…)` or `new Cluster(…)`', remedyFor(value))
  // A replica lags behind: a session that was destroyed would be there again.
  const { scaleReads = 'master', role = 'master' } = value.options
  if (scaleReads !== 'master') throw refused(value, 'a client that reads from masters, without `scaleReads`', OWN_CLIENT)
  if (role !== 'master') throw refused(value, 'a client of the master, without `role`', OWN_CLIENT)
}

/** @throws InvalidOptionsError */
export function assertOpen (client: RedisClient): void {
  if (client.status === 'end') throw refused(client, 'an open client', 'this one was closed: close it in an `onClose` hook, after the sessions')
}

/** Sends one command by itself: without auto-pipelining, which in some versions takes a script's hash for its key. */
export function sender (client: RedisClient, name: string): Send {
  const { string: send } = client.createBuiltinCommand(name) as { string: Send }
  return (...args) => {
    leaveTogether((client as Inside).stream)
    return send.apply(client, args)
  }
}

const corked = new WeakSet<object>()

/**
 * Keeps what is sent until the end of this turn of the event loop, when all of it takes one system call: that is the
 * larger part of what a command costs. A cluster, which has a connection for each node, goes without.
 */
function leaveTogether (stream: Inside['stream']): void {
  if (typeof stream?.cork !== 'function' || corked.has(stream)) return
  corked.add(stream)
  stream.cork()
  setImmediate(() => {
    corked.delete(stream)
    stream.uncork!()
  })
}

/** Commands in parallel, so many at a time: a cluster refuses pipelines across slots, and memory has an end. */
export async function inBatches<In, Out> (items: readonly In[], send: (item: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = []
  for (let start = 0; start < items.length; start += COMMANDS_AT_ONCE) {
    results.push(...await Promise.all(items.slice(start, start + COMMANDS_AT_ONCE).map(send)))
  }
  return results
}

/** What the client puts before keys, but not before the patterns of SCAN. */
export function keyPrefixOf ({ options }: RedisClient): string { return options.keyPrefix ?? '' }

/** The servers that hold keys. A cluster that has not connected yet knows none. */
export function mastersOf (client: Inside): RedisClient[] {
  return client.isCluster === true ? client.nodes!('master') : [client]
}

/** What sets a master apart from the others: the cursors of SCAN are its own. */
export function nodeName ({ options }: RedisClient): string {
  const { host, port, path } = options as { host?: string, port?: number, path?: string }
  return path ?? `${host}:${port}`
}

function isClient (value: unknown): value is Inside {
  if (typeof value !== 'object' || value === null) return false
  const { status, options, createBuiltinCommand, defineCommand, isPipeline } = value as Partial<Inside>
  return typeof status === 'string' && typeof options === 'object' && options !== null &&
    typeof createBuiltinCommand === 'function' && typeof defineCommand === 'function' && isPipeline !== true
}

function remedyFor (value: unknown): string {
  if (typeof value === 'string') return 'new RedisBackend(new Redis(url))'
  const { sendCommand, isPipeline } = (value ?? {}) as { sendCommand?: unknown, isPipeline?: unknown }
  if (isPipeline === true) return 'give the client itself, not a pipeline of it'
  if (typeof sendCommand === 'function') return 'the package `redis` has another interface: npm install ioredis'
  return 'import { Redis } from \'ioredis\'; new RedisBackend(new Redis())'
}

function refused (value: unknown, expectation: string, remedy: string): InvalidOptionsError {
  return unexpected('client', expectation, value, remedy)
}
