import { AsyncLocalStorage } from 'node:async_hooks'
import { FaultyBackend } from 'fastsessions/testing'

const OPERATIONS = ['read', 'write', 'remove', 'touch', 'list', 'count', 'removeSubject', 'exists']
const KEPT_REQUESTS = 8

/** The calls of the request that is being answered. */
const callsOf = new AsyncLocalStorage()

/** A backend that can be stopped from a page, and that notes each call beside the request that made it. */
export class WatchedBackend extends FaultyBackend {
  isStopped = false
  // A fault answers with a promise, also in front of a cookie, which is opened at once.
  answersAtOnce = false

  read (...args) { return this.#note('read', () => super.read(...args)) }
  write (...args) { return this.#note('write', () => super.write(...args)) }
  touch (...args) { return this.#note('touch', () => super.touch(...args)) }
  remove (...args) { return this.#note('remove', () => super.remove(...args)) }
  list (...args) { return this.#note('list', () => super.list(...args)) }
  removeSubject (...args) { return this.#note('removeSubject', () => super.removeSubject(...args)) }

  /** What is stored under an id, without a note. */
  async peek (id) { return await callsOf.exit(() => super.read(id)) }

  /** Every call fails from now on, as if the server had died. */
  stop () {
    this.isStopped = true
    for (const operation of OPERATIONS) this.fail(operation, new Error(`${operation}: stopped on the page "Try to break it"`))
  }

  start () {
    this.isStopped = false
    this.heal()
  }

  #note (operation, call) {
    callsOf.getStore()?.push(operation)
    // FaultyBackend keeps all calls, for tests. A demo may run for weeks.
    this.calls.length = 0
    return call()
  }
}

/**
 * Notes the latest requests that use a session. To be called before the session plugin is registered, so that its calls
 * belong to a request.
 *
 * @returns the list, the latest first
 */
export function watchRequests (app) {
  const latest = []
  app.decorateRequest('storeCalls', null)
  app.addHook('onRequest', (request, _reply, done) => {
    request.storeCalls = []
    callsOf.run(request.storeCalls, done)
  })
  app.addHook('onResponse', async (request, reply) => {
    if (request.routeOptions.config.session === false) return
    latest.unshift({
      method: request.method,
      path: request.url.split('?')[0],
      status: reply.statusCode,
      calls: request.storeCalls,
      microseconds: Math.round(reply.elapsedTime * 1_000),
      setCookie: [reply.getHeader('set-cookie') ?? []].flat().map(shortenCookie)
    })
    latest.length = Math.min(latest.length, KEPT_REQUESTS)
  })
  return latest
}

/** `name=value; attributes`, with so little of the value that nobody can use it. */
export function shortenCookie (line) {
  return line.replace(/=([^;]*)/, (_all, value) => `=${shorten(value)}`)
}

export function shorten (text) {
  return text.length <= 10 ? text : `${text.slice(0, 6)}… (${text.length} characters)`
}
