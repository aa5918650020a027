import { optionsCheck, unexpected } from '../../tools/check-options.ts'
import type { MemjsServer } from './guard.ts'

export interface MemcachedBackendOptions {
  /** What keys begin with: visible ASCII, at most 100 characters. @default 'session:' */
  prefix?: string
  /**
   * The longest value that is sent, in bytes: a session with some 160 bytes of our own. A server started with `-I` takes
   * more, or less: it must be at least 512 below that. @default 1048064
   */
  maxItemBytes?: number
}

/** What is used of a memjs `Client`. */
export interface MemcachedClient {
  readonly servers: readonly object[]
  readonly options: object
  server (key: string): object | null | undefined
}

export const DEFAULT_PREFIX = 'session:'
/** 1 MiB, but for the key and what the server keeps beside it. */
export const DEFAULT_MAX_ITEM_BYTES = 1_048_064
/** The most that a server can be told to take. */
const MAX_ITEM_BYTES = 1_073_741_312
const MIN_ITEM_BYTES = 1_024

const checkObject = optionsCheck({
  description: 'an object of options',
  type: 'object',
  additionalProperties: false,
  properties: {
    prefix: { description: 'at most 100 visible ASCII characters', type: 'string', pattern: '^[!-~]{0,100}$', default: DEFAULT_PREFIX },
    maxItemBytes: {
      description: `an integer from ${MIN_ITEM_BYTES} to ${MAX_ITEM_BYTES} (bytes)`, type: 'integer', minimum: MIN_ITEM_BYTES, maximum: MAX_ITEM_BYTES, default: DEFAULT_MAX_ITEM_BYTES
    }
  }
})

/** @throws InvalidOptionsError */
export function checkOptions (client: unknown, options: unknown): asserts client is MemcachedClient {
  checkClient(client)
  checkObject(options, 'MemcachedBackend')
}

function checkClient (client: unknown): void {
  const remedy = 'make one with memjs: Client.create(\'host:11211\')'
  if (!has(client, 'server', 'perform') || !Array.isArray(client['servers'])) throw unexpected('MemcachedBackend.client', 'a client of memjs', client, remedy)
  const { servers, options } = client as { servers?: unknown, options?: { failover?: unknown } }
  if ((servers as unknown[]).length === 0) throw unexpected('MemcachedBackend.client.servers', 'at least one server', servers, remedy)
  if (!(servers as unknown[]).every(isServer)) throw unexpected('MemcachedBackend.client.servers', 'servers of memjs 1.3', servers, remedy)
  if (options?.failover) {
    throw unexpected('MemcachedBackend.client.options.failover', 'false', true, 'a server that comes back would bring back sessions that ended meanwhile')
  }
}

function isServer (server: unknown): server is MemjsServer {
  return has(server, 'write', 'onResponse', 'onError', 'error', 'sock', 'removeAllListeners') && Buffer.isBuffer(server['responseBuffer'])
}

function has (value: unknown, ...methods: string[]): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && methods.every(name => typeof (value as Record<string, unknown>)[name] === 'function')
}
