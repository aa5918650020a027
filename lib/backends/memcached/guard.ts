import type { Socket } from 'node:net'
import type { Answer } from './protocol.ts'

/** What is used of a memjs `Server`. The last three are not in its documentation; `clientCheck` looks for the methods. */
export interface MemjsServer {
  readonly host: string
  readonly port: number | string
  /** In seconds; memjs sets what is not given. */
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

/** A connection that worked went away with requests pending: whether they were carried out is not known. */
export class LostConnectionError extends Error {
  override readonly name = 'LostConnectionError'
}

const EMPTY = Buffer.alloc(0)
const ignore = (): void => {}

/**
 * Makes one memjs `Server` safe, from outside and for as long as it is needed. Without this
 *
 * - requests pending when a server closes the connection are never settled;
 * - a half-received answer stays in the buffer and is completed with the bytes of the next connection, so that one request
 *   gets another's answer;
 * - a connection given up after a time-out stays open: its late answers go into the buffer of the next one, and when it
 *   closes, the next one is forgotten with all that is pending on it.
 */
export class ServerGuard {
  readonly #server: MemjsServer
  readonly #onDrop: () => void
  #socket: Socket | undefined

  /** @param onDrop called whenever a connection ends */
  constructor (server: MemjsServer, onDrop: () => void) {
    this.#server = server
    this.#onDrop = onDrop
    // Methods of this one object, in front of those of its class.
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

  /** Gives the server back as it was. */
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

  // memjs has noticed by now, and told nobody who waits.
  readonly #closed = (): void => { this.#server.error(new LostConnectionError('the server closed the connection')) }

  #drop (): void {
    const server = this.#server
    const socket = this.#socket
    this.#socket = undefined
    server._socket = undefined
    server.connected = false
    server.responseBuffer = EMPTY
    // With credentials, what waits here would send its request with the next connection, long after it was given up.
    server.removeAllListeners('authenticated')
    if (socket !== undefined) retire(socket)
    this.#onDrop()
  }
}

// Nothing that still arrives may reach the server object, which is about to get another connection.
function retire (socket: Socket): void {
  for (const event of ['connect', 'data', 'close', 'error', 'timeout']) socket.removeAllListeners(event)
  socket.on('error', ignore)
  socket.destroy()
}

function lost (cause: unknown): LostConnectionError {
  return new LostConnectionError('the connection failed', { cause })
}
