import { startContestant } from './child.js'
import { Connection, cookiesOf } from './connection.js'
import { startProxy } from './proxy.js'

const REQUESTS = 20

/** How often a request goes to the server and back: seen on the wire, one request after the other. `null` without a server. */
export async function roundTrips ({ name, server }, urls) {
  if (server === undefined) return null
  const proxy = await startProxy(urls[server])
  const child = await startContestant(name, { url: proxy.url })
  const connection = await Connection.open(child.port, { keepsText: true })
  const login = async () => cookiesOf(await connection.request('/login/200')).join('; ')
  const cookie = await login()
  const count = async path => {
    // The first ones prepare statements and load scripts.
    for (let n = 0; n < 3; n++) await connection.request(path, cookie)
    proxy.take()
    for (let n = 0; n < REQUESTS; n++) await connection.request(path, path.startsWith('/login') ? '' : cookie)
    return proxy.take() / REQUESTS
  }
  const trips = { untouched: await count('/untouched'), read: await count('/read'), write: await count('/write'), login: await count('/login/200') }
  connection.close()
  await child.stop()
  proxy.close()
  return trips
}
