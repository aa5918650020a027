import type { Socket } from 'node:net'
import type { Answer } from './protocol.ts'

/**
 * The part of a memjs `Server` which this backend uses. memjs does not document the last three methods; `checkOptions`
 * looks for all methods.
 */
export interface MemjsServer {
  readonly host: string
  readonly port: number | string
  /** In seconds. memjs adds its defaults. */
  readonly options: { readonly timeout: number, readonly conntimeout: number }
  connected: boolean
  responseBuffer: Buffer
  _socket?: Socket | undefined
  onResponse (opaque: number, fn: (answer: Answer) => void): void
  onError (opaque: number, fn: (error: unknown) => void): void
  write (request: Buffer): void
  error (error: unknown): void
  sock (isSasl: boolean, go: (socket: Socket) => void): void
  removeAllListeners (event: string): unknown
}

/** A working connection ended with requests pending. The server may or may not have carried these requests out. */
export class LostConnectionError extends Error {
  override readonly name = 'LostConnectionError'
}

const EMPTY = Buffer.alloc(0)
const ignore = (): void => {}

/**
 * Keeps answers and requests of a memjs `Server` together when a connection ends, from outside and until `release`. Without
 * a guard, memjs 1.3 has these faults:
 *
 * - Requests pending when the server closes the connection are never settled.
 * - A half-received answer stays in the buffer and is completed with bytes of the next connection, so that a request gets
 *   the answer to a different request: a user could get a stranger's session.
 * - A connection given up after a time-out stays open. Its late answers go into the buffer of the next connection. When the
 *   old connection closes, memjs forgets the next connection with all pending requests.
 */
export class ServerGuard {
  readonly #server: MemjsServer
  readonly #onDrop: () => void
  #socket: Socket | undefined

  /** @param onDrop called whenever a connection ends */
  constructor (server: MemjsServer, onDrop: () => void) {
    this.#server = server
    this.#onDrop = onDrop
    // Own methods of this object hide the methods of its class, until `release` deletes them.
    const sock = server.sock
    const error = server.error
    server.sock = (isSasl, go) => {
      sock.call(server, isSasl, go)
      this.#adopt()
    }
    server.error = cause => {
      const wasConnected = server.connected
      this.#drop()
      error.call(server, wasConnected && !(cause instanceof LostConnectionError) ? lost(cause) : cause)
    }
    this.#adopt()
  }

  /** Gives the server back unchanged. */
  release (): void {
    this.#socket?.removeListener('close', this.#closed)
    for (const name of ['sock', 'error'] as const) delete (this.#server as Partial<MemjsServer>)[name]
  }

  #adopt (): void {
    const { _socket: socket } = this.#server
    if (socket === undefined || socket === this.#socket) return
    this.#socket = socket
    this.#server.responseBuffer = EMPTY
    socket.once('close', this.#closed)
  }

  // memjs handles this event too, but leaves the pending requests unsettled.
  readonly #closed = (): void => { this.#server.error(new LostConnectionError('the server closed the connection')) }

  #drop (): void {
    const server = this.#server
    const socket = this.#socket
    this.#socket = undefined
    server._socket = undefined
    server.connected = false
    server.responseBuffer = EMPTY
    // With credentials, requests wait for this event. After the connection ended, they are given up and must not be sent later.
    server.removeAllListeners('authenticated')
    if (socket !== undefined) retire(socket)
    this.#onDrop()
  }
}

// Late events of the old connection must not reach the server object, which is about to get a new connection.
function retire (socket: Socket): void {
  for (const event of ['connect', 'data', 'close', 'error', 'timeout']) socket.removeAllListeners(event)
  socket.on('error', ignore)
  socket.destroy()
}

function lost (cause: unknown): LostConnectionError {
  return new LostConnectionError('the connection failed', { cause })
}
