import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/**
 * Stands before a server and counts round trips: how often a client says something after the server has answered. Right
 * for a client that works for one request at a time; what is sent together is one trip.
 */
export async function startProxy (url) {
  const target = new URL(url)
  const [host, port] = [target.hostname, Number(target.port)]
  const seen = { trips: 0 }
  const proxy = createServer(client => {
    const server = connect(port, host).setNoDelay(true)
    client.setNoDelay(true)
    let isAsking = false
    client.on('data', chunk => {
      if (!isAsking) seen.trips++
      isAsking = true
      server.write(chunk)
    })
    server.on('data', chunk => {
      isAsking = false
      client.write(chunk)
    })
    for (const [one, other] of [[client, server], [server, client]]) {
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  target.port = proxy.address().port
  target.hostname = '127.0.0.1'
  return {
    url: target.href,
    /** Since the last time. */
    take () {
      const { trips } = seen
      seen.trips = 0
      return trips
    },
    close: () => { proxy.close() }
  }
}
