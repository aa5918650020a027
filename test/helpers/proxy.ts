import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

interface Test { teardown (end: () => Promise<void>): void }

/** What a proxy does to connections. */
export interface Faults {
  /** New connections are refused. */
  isRefusing: boolean
  /** Answers are held back for so many milliseconds. */
  delayMs: number
  /** Requests and answers vanish, as if the machine of the server had died. `heal` resets the connections concerned. */
  isSilent: boolean
}

/** A TCP proxy before a real server, which counts round trips, and delays, cuts and refuses connections. */
export class Proxy {
  readonly faults: Faults = { isRefusing: false, delayMs: 0, isSilent: false }
  readonly url: string
  /** How often a client waited: requests that went out after the answer to an earlier request, or first on a connection. */
  roundTrips = 0
  readonly #listener: Server
  readonly #target: { host: string, port: number }
  readonly #sockets = new Set<Socket>()
  readonly #deaf = new Set<Socket>()
  #cutNext: 'before' | 'after' | null = null

  constructor (listener: Server, target: URL) {
    this.#listener = listener
    this.#target = { host: target.hostname, port: Number(target.port) }
    const own = new URL(target)
    own.hostname = '127.0.0.1'
    own.port = String((listener.address() as AddressInfo).port)
    this.url = own.href
    listener.on('connection', client => { this.#serve(client) })
  }

  /** Cuts the connection of the next request: before the server sees the request, or after the server has served it. */
  cutNext (when: 'before' | 'after'): void { this.#cutNext = when }

  /** Cuts all connections now. */
  cut (): void { for (const socket of this.#sockets) socket.destroy() }

  heal (): void {
    // A connection that has lost bytes must not go on.
    for (const socket of this.#deaf) socket.destroy()
    this.#deaf.clear()
    Object.assign(this.faults, { isRefusing: false, delayMs: 0, isSilent: false })
    this.#cutNext = null
  }

  async close (): Promise<void> {
    this.cut()
    await new Promise(resolve => { this.#listener.close(resolve) })
  }

  #serve (client: Socket): void {
    if (this.faults.isRefusing) {
      client.resetAndDestroy()
      return
    }
    const server = connect(this.#target)
    let isAnswered = true
    let isDoomed = false
    const end = (): void => {
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) {
      this.#sockets.add(socket.setNoDelay(true))
      socket.on('error', end)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        end()
      })
    }
    const isLost = (): boolean => {
      if (this.faults.isSilent) this.#deaf.add(client)
      return this.faults.isSilent
    }
    client.on('data', chunk => {
      if (isLost()) return
      if (isAnswered) this.roundTrips++
      isAnswered = false
      if (this.#cutNext === 'before') {
        this.#cutNext = null
        return end()
      }
      if (this.#cutNext === 'after') {
        this.#cutNext = null
        isDoomed = true
      }
      server.write(chunk)
    })
    server.on('data', chunk => {
      if (isLost()) return
      if (isDoomed) return end()
      const answer = (): void => {
        isAnswered = true
        client.write(chunk)
      }
      if (this.faults.delayMs === 0) answer()
      else setTimeout(answer, this.faults.delayMs).unref()
    })
  }
}

/** A proxy before the server of a URL, closed at the end of the test. */
export async function ownProxy (t: Test, url: string): Promise<Proxy> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const proxy = new Proxy(listener, new URL(url))
  t.teardown(() => proxy.close())
  return proxy
}
