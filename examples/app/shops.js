import { createServer } from 'node:http'
import { createApp } from './app.js'
import { backendNames, createBackend, whatIsMissing } from './backends.js'

/**
 * One application for each backend, made when the backend is first asked for. They share an address: a cookie says whose
 * turn it is, and each has a session cookie of its own, so that a visitor has a session in each.
 *
 * @returns `{ app, close }`: the application of the backend `first`, which listens for all, and what closes the connections
 */
export async function createShops ({ first, secret, logger }) {
  const shops = new Map()
  // Looked up once: what is installed, and which servers are there.
  const missing = new Map(backendNames.filter(name => name !== first).map(name => [name, whatIsMissing(name)]))
  const choices = { list, open }
  const { app, close } = await openShop(first, { serverFactory: handler => createServer((request, reply) => { dispatch(handler, request, reply) }) })
  app.addHook('preClose', async () => {
    for (const shop of shops.values()) await (await shop)?.app.close()
  })
  return { app, close: closeAll }

  function list () {
    return backendNames.map(name => ({ name, missing: missing.get(name) }))
  }

  async function open (name) {
    if (name === first) return {}
    if (!backendNames.includes(name)) return { missing: `there is no backend ${JSON.stringify(name)}` }
    if (missing.get(name) !== undefined) return { missing: missing.get(name) }
    if (!shops.has(name)) shops.set(name, openShop(name).catch(error => { failed(name, error) }))
    return await shops.get(name) === undefined ? { missing: 'it does not start (the terminal says why)' } : {}
  }

  function failed (name, error) {
    shops.delete(name)
    console.error(`${name}: ${error.message}`)
  }

  async function openShop (name, { serverFactory } = {}) {
    const { backend, close } = await createBackend(name)
    const app = await createApp({ backend, backendName: name, secret, logger, choices, serverFactory })
    if (serverFactory === undefined) await app.ready()
    return { app, close }
  }

  async function dispatch (handler, request, reply) {
    const name = /(?:^|; )backend=(\w+)/.exec(request.headers.cookie ?? '')?.[1]
    const shop = name === undefined || name === first ? undefined : await open(name).then(() => shops.get(name))
    if (shop === undefined) handler(request, reply)
    else shop.app.routing(request, reply)
  }

  async function closeAll () {
    const opened = await Promise.all(shops.values())
    for (const shop of [{ close }, ...opened]) await shop?.close?.()
  }
}
