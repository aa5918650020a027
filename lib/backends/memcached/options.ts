import { hasMethods, unexpected } from '../../tools/check-options.ts'
import { backendOptionsCheck } from '../conventions.ts'
import type { MemjsServer } from './guard.ts'

export interface MemcachedBackendOptions {
  /** The start of all keys: at most 100 characters of visible ASCII. @default 'session:' */
  prefix?: string
  /**
   * The longest value which may be sent, in bytes: the session and some 160 bytes of this backend. A server started with
   * `-I` has a different limit, and `maxItemBytes` must be at least 512 below the limit of the server. @default 1048064
   */
  maxItemBytes?: number
}

/** The part of a memjs `Client` which this backend uses. */
export interface MemcachedClient {
  readonly servers: readonly object[]
  readonly options: object
  server (key: string): object | null | undefined
}

const CLIENT_METHODS = ['server', 'perform']
const SERVER_METHODS = ['write', 'onResponse', 'onError', 'error', 'sock', 'removeAllListeners']

export const DEFAULT_PREFIX = 'session:'
/** 1 MiB, less 512 bytes for the key and the server's own data of an item. */
export const DEFAULT_MAX_ITEM_BYTES = 1_048_064
/** The largest limit of a server, 1 GiB, less the same 512 bytes. */
const MAX_ITEM_BYTES = 1_073_741_312
const MIN_ITEM_BYTES = 1_024

const checkObject = backendOptionsCheck({
  prefix: { description: 'at most 100 visible ASCII characters', type: 'string', pattern: '^[!-~]{0,100}$', default: DEFAULT_PREFIX },
  maxItemBytes: {
    description: `an integer from ${MIN_ITEM_BYTES} to ${MAX_ITEM_BYTES} (bytes)`,
    type: 'integer',
    minimum: MIN_ITEM_BYTES,
    maximum: MAX_ITEM_BYTES,
    default: DEFAULT_MAX_ITEM_BYTES
  }
})

/** @throws InvalidOptionsError for a value which is no client of memjs 1.3, for `failover`, and for wrong options */
export function checkOptions (client: unknown, options: unknown): asserts client is MemcachedClient {
  checkClient(client)
  checkObject(options, 'MemcachedBackend')
}

function checkClient (client: unknown): void {
  const path = 'MemcachedBackend.client'
  const remedy = 'make one with memjs: Client.create(\'host:11211\')'
  const isClient = hasMethods(client, CLIENT_METHODS) && Array.isArray(client['servers'])
  if (!isClient) throw unexpected(path, 'a client of memjs', client, remedy)
  const { servers, options } = client as { servers: unknown[], options?: { failover?: unknown } }
  if (servers.length === 0) throw unexpected(`${path}.servers`, 'at least one server', servers, remedy)
  if (!servers.every(isServer)) throw unexpected(`${path}.servers`, 'servers of memjs 1.3', servers, remedy)
  if (!options?.failover) return
  throw unexpected(`${path}.options.failover`, 'false', true, 'a server that comes back would bring back sessions that ended meanwhile')
}

function isServer (server: unknown): server is MemjsServer {
  return hasMethods(server, SERVER_METHODS) && Buffer.isBuffer(server['responseBuffer'])
}
