import { connect } from 'node:net'
import memjs from 'memjs'
import { randomBytes } from 'node:crypto'
import { MemcachedBackend, type MemcachedBackendOptions } from '../../lib/memcached.ts'

interface Test { teardown (end: () => void): void }

/** A machine that runs many tests at once stalls for longer than the 0.5 s which memjs waits by default. */
const PATIENT_SECONDS = 5
const quiet = { log: () => {} }

/** A client of memjs for these URLs or ports, closed with the test. */
export function ownClient (t: Test, servers: ReadonlyArray<string | number>, options: object = {}) {
  const addresses = servers.map(server => typeof server === 'number' ? `127.0.0.1:${server}` : new URL(server).host)
  const client = memjs.Client.create(addresses.join(','), { logger: quiet, timeout: PATIENT_SECONDS, ...options })
  t.teardown(() => { client.close() })
  return client
}

export const uniquePrefix = (): string => `${randomBytes(6).toString('hex')}:`

/** A bound backend with a clock and the warnings it logged. */
export function boundBackend (client: ReturnType<typeof ownClient>, options: MemcachedBackendOptions = {}, property = 'session') {
  const clock = { now: Date.now() }
  const warnings: string[] = []
  const prefix = options.prefix ?? uniquePrefix()
  const root = new MemcachedBackend(client, { ...options, prefix })
  const backend = root.bind({ property, now: () => clock.now, log: { warn: (text: string) => { warnings.push(text) } } } as never)
  return { backend, root, clock, warnings, prefix, keyOf: (id: string) => prefix + id }
}

/** Sends a command of the text protocol on a fresh connection, and resolves to the first lines of the answer. */
export async function say (port: number, command: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => { socket.write(command + '\r\n') })
    socket.once('data', data => {
      resolve(String(data))
      socket.destroy()
    })
    socket.once('error', reject)
  })
}

/** The remaining lifetime of an item in seconds; -1 for an item without an end. */
export async function ttlOf (port: number, key: string): Promise<number> {
  return Number(/ t(-?\d+)/.exec(await say(port, `mg ${key} t`))![1])
}
