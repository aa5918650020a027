import type { Writable } from 'node:stream'
import { unexpected } from '../../tools/check-options.ts'
import type { InvalidOptionsError } from '../../errors.ts'
import { slotOf } from './slots.ts'

type Send = (...args: Array<string | number>) => Promise<unknown>

/**
 * The part of an ioredis client (`Redis` or `Cluster`, version 5 or 6) which the backend uses. The types of this package
 * import no driver.
 */
export interface RedisClient {
  /** `'end'` once the client is closed for good. */
  readonly status: string
  readonly options: { readonly keyPrefix?: string | undefined }
  createBuiltinCommand (name: string): { string: unknown, buffer: unknown }
  defineCommand (name: string, definition: { lua: string }): void
}

interface Inside extends RedisClient {
  readonly isCluster?: boolean
  readonly isPipeline?: boolean
  /** The connection, where the client is connected. ioredis does not document this property. */
  readonly stream?: Partial<Pick<Writable, 'cork' | 'uncork'>>
  readonly options: {
    readonly keyPrefix?: string | undefined
    readonly scaleReads?: unknown
    readonly role?: unknown
    readonly sentinels?: unknown
    readonly failoverDetector?: unknown
    /** In a cluster. */
    readonly redisOptions?: { readonly commandTimeout?: unknown }
  }
  nodes? (role: 'master'): Inside[]
  /** The names of the servers of each slot, the master first, as the client of a cluster knows them now. */
  readonly slots?: ReadonlyArray<readonly string[] | undefined>
}

/** A bound for the memory of the commands under way. */
const COMMANDS_AT_ONCE = 200
const SENTINEL_WAITS = 'the Redis client has sentinels and no `failoverDetector: true`: after a failover it stays with a master that is ' +
  'frozen, and sign-outs that this master acknowledges later are lost'
const CLUSTER_WAITS = 'the Redis Cluster client has no `redisOptions: { commandTimeout: 1500 }`: while a master is frozen, each ' +
  'request for its sessions waits until `timeout`, and what the master acknowledges later is lost'
const OWN_CLIENT = 'give the sessions a client of their own'

/** @throws InvalidOptionsError for a value which is not an ioredis client of masters */
export function assertClient (value: unknown): asserts value is RedisClient {
  if (!isClient(value)) throw refused(value, 'an ioredis client, `new Redis(…)` or `new Cluster(…)`', remedyFor(value))
  // A replica lags behind the master: reading from a replica would show a destroyed session again.
  const { scaleReads = 'master', role = 'master' } = value.options
  if (scaleReads !== 'master') throw refused(value, 'a client that reads from masters, without `scaleReads`', OWN_CLIENT)
  if (role !== 'master') throw refused(value, 'a client of the master, without `role`', OWN_CLIENT)
}

/** @throws InvalidOptionsError for a closed client */
export function assertOpen (client: RedisClient): void {
  if (client.status !== 'end') return
  throw refused(client, 'an open client', 'this one was closed: close it in an `onClose` hook, after the sessions')
}

/**
 * What is missing for a failover from a master that is frozen and not dead: the client waits on its silent connection, and what
 * the old master acknowledges after it thaws is lost (`docs/scaling.md`). `null` where nothing is missing.
 */
export function failoverProblem ({ isCluster, options }: Inside): string | null {
  if (isCluster === true) return options.redisOptions?.commandTimeout === undefined ? CLUSTER_WAITS : null
  return Array.isArray(options.sentinels) && options.failoverDetector !== true ? SENTINEL_WAITS : null
}

/**
 * A function which sends the named command. The command bypasses ioredis' auto-pipelining, since some versions of ioredis
 * take the hash of a script for a key there.
 */
export function sender (client: RedisClient, name: string): Send {
  const { string: send } = client.createBuiltinCommand(name) as { string: Send }
  return (...args) => {
    leaveTogether((client as Inside).stream)
    return send.apply(client, args)
  }
}

const corked = new WeakSet<object>()

/**
 * Holds the commands of one turn of the event loop back until the end of the turn. All of them then leave with a single
 * system call, which is the larger part of the cost of a command. The client of a cluster has no single connection, and
 * sends each command at once.
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

/** Sends single commands in parallel, at most 200 at a time. A pipeline is no option: a cluster refuses pipelines across slots. */
export async function inBatches<In, Out> (items: readonly In[], send: (item: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = []
  for (let start = 0; start < items.length; start += COMMANDS_AT_ONCE) {
    results.push(...await Promise.all(items.slice(start, start + COMMANDS_AT_ONCE).map(send)))
  }
  return results
}

/** The option `keyPrefix` of the client. ioredis adds the prefix to keys, but not to the patterns and the answers of SCAN. */
export function keyPrefixOf ({ options }: RedisClient): string { return options.keyPrefix ?? '' }

/** The masters of a cluster, or the single server. The list is empty while the client of a cluster is not connected yet. */
export function mastersOf (client: Inside): RedisClient[] {
  return client.isCluster === true ? client.nodes!('master') : [client]
}

/** The name of the master which serves a key in a cluster; `null` for a single server, and while the client knows no master. */
export function masterOf (client: Inside, key: string): string | null {
  return client.slots?.[slotOf(keyPrefixOf(client) + key)]?.[0] ?? null
}

/** The name of a master in the cursor of a page: each master has its own cursors of SCAN. */
export function nodeName ({ options }: RedisClient): string {
  const { host, port, path } = options as { host?: string, port?: number, path?: string }
  return path ?? `${host}:${port}`
}

/** The server refuses a command for strings on a key of another type. */
export function isWrongType (error: unknown): boolean { return (error as Error).message.startsWith('WRONGTYPE') }

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
