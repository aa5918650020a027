import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

interface Test { teardown (end: () => void): void }

/** Handles the bytes of an answer; `null` passes them on unchanged. */
export type Answering = ((bytes: Buffer, client: Socket) => void) | null

/** A proxy that can cut and alter answers, byte by byte. */
export async function ownCuttingProxy (t: Test, port: number) {
  const proxy = { port: 0, answering: null as Answering, connections: 0, requests: [] as Buffer[] }
  const sockets = new Set<Socket>()
  const listener = createServer(client => {
    proxy.connections++
    const server = connect(port, '127.0.0.1')
    for (const [socket, other] of [[client, server], [server, client]] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => { other.destroy() })
    }
    client.on('data', bytes => {
      proxy.requests.push(bytes)
      server.write(bytes)
    })
    server.on('data', bytes => {
      if (proxy.answering === null) client.write(bytes)
      else proxy.answering(bytes, client)
    })
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  proxy.port = (listener.address() as AddressInfo).port
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    listener.close()
  })
  return proxy
}
