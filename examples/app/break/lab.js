import { setTimeout } from 'node:timers/promises'
import Fastify from 'fastify'
import sessions, { CookieBackend, MemoryBackend } from 'fastsessions'
import { naiveSessions } from './naive.js'

/**
 * A second application on the same backend, where experiments leave the visitor's own session alone. It never listens: its
 * requests are injected. Each route is there three times: on a session of fastsessions (`/ours`), on one in a cookie whose endings are
 * kept (`/revocable`), and on a naive one (`/naive`).
 */
export async function createLab ({ backend, secret, now }) {
  const lab = Fastify({ logger: { level: 'error' } })
  const short = { secret, idleTimeout: '5m', absoluteTimeout: '5m', now }
  await lab.register(sessions, { ...short, backend, property: 'trial', cookie: { secure: 'auto', name: 'trial' } })
  const revocable = new CookieBackend({ revocation: new MemoryBackend() })
  await lab.register(sessions, { ...short, backend: revocable, property: 'revocable', cookie: { secure: 'auto', name: 'revocable' } })
  const store = naiveSessions(lab)
  const gates = new Map()
  let lastGate = 0

  for (const kind of ['ours', 'revocable', 'naive']) {
    const sessionOf = request => kind === 'ours' ? request.trial : request.revocable
    const dataOf = request => kind === 'naive' ? request.naive.data : sessionOf(request)

    lab.post(`/${kind}/sign-in`, async request => {
      if (kind === 'naive') Object.assign(request.naive.data, { user: 'visitor', basket: {}, count: 0 })
      else await sessionOf(request).login('visitor', { basket: {}, count: 0 })
      return {}
    })

    // What every handler does: look at the session, wait for something else, change the session.
    lab.post(`/${kind}/basket/:product`, async request => {
      const { basket } = dataOf(request)
      await setTimeout(2)
      basket[request.params.product] = 1
      return {}
    })

    lab.post(`/${kind}/count`, async request => {
      const { count } = dataOf(request)
      await setTimeout(2)
      dataOf(request).count = count + 1
      return {}
    })

    lab.post(`/${kind}/slow/:gate`, async request => {
      const data = dataOf(request)
      const gate = gates.get(request.params.gate)
      gate.reached()
      await gate.opened
      data.note = 'written by a request that was slow'
      return {}
    })

    lab.post(`/${kind}/sign-out`, async request => {
      if (kind === 'naive') request.naive.destroy()
      else await sessionOf(request).destroy()
      return {}
    })

    lab.get(`/${kind}/look`, async request => {
      const data = dataOf(request)
      return { user: kind === 'naive' ? data.user ?? null : data.subject, basket: Object.keys(data.basket ?? {}).length, count: data.count ?? 0 }
    })
  }

  // A count is made from the count that is stored by then.
  lab.post('/ours/count-in-transaction', async request => {
    await setTimeout(2)
    await request.trial.transaction(data => { data.count++ })
    return {}
  })

  await lab.ready()
  return { newClient: kind => new Client(lab, kind), newGate, close: () => lab.close(), forget: () => { store.clear() } }

  /** Holds a slow request until `open` is called; `reached` is done when the request waits there. */
  function newGate () {
    const name = String(++lastGate)
    const gate = {}
    const isReached = new Promise(resolve => { gate.reached = resolve })
    gate.opened = new Promise(resolve => { gate.open = resolve })
    gates.set(name, gate)
    return { name, isReached, open: gate.open, remove: () => gates.delete(name) }
  }
}

/** A browser, in short: it keeps cookies, and sends what it has when a request starts. */
class Client {
  #cookies = new Map()
  #lab
  #kind

  constructor (lab, kind) {
    this.#lab = lab
    this.#kind = kind
  }

  /** A thief's copy of the browser. */
  copy () {
    const copy = new Client(this.#lab, this.#kind)
    for (const [name, value] of this.#cookies) copy.#cookies.set(name, value)
    return copy
  }

  async post (path) { return await this.#send('POST', path) }
  async look () { return await this.#send('GET', 'look') }

  async #send (method, path) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await this.#lab.inject({ method, url: `/${this.#kind}/${path}`, headers: cookie === '' ? {} : { cookie } })
    for (const { name, value, maxAge } of response.cookies) {
      if (maxAge === 0) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return response.json()
  }
}
