import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { fastifyRequestContext, requestContext } from '@fastify/request-context'
import Fastify from 'fastify'
import sessions, { MemoryBackend } from 'fastsessions'
import { addAccount, Browser } from './helpers/site.js'

/** Answers later, as a server does. */
class LaterBackend extends MemoryBackend {
  bind (context) {
    const backend = super.bind(context)
    for (const name of ['read', 'write', 'touch']) {
      const method = backend[name].bind(backend)
      backend[name] = async (...args) => {
        await wait(5)
        return method(...args)
      }
    }
    return backend
  }
}

for (const first of ['sessions', 'context']) {
  test(`the context of a request holds its session, through loads, saves and parallel requests (${first} first)`, async t => {
    const app = Fastify()
    t.after(() => app.close())
    const parts = [
      () => app.register(sessions, { backend: new LaterBackend() }),
      () => app.register(fastifyRequestContext)
    ]
    for (const register of first === 'sessions' ? parts : parts.toReversed()) await register()
    app.addHook('preHandler', async request => { requestContext.set('session', request.session) })
    await addAccount(app)
    // Deep in the application, where no request is handed down.
    const currentUser = () => requestContext.get('session').subject
    app.get('/deep', async ({ session }) => {
      const before = currentUser()
      session.looks = (session.looks ?? 0) + 1
      await session.save()
      return [before, currentUser()]
    })
    const browsers = { ann: new Browser(app), bob: new Browser(app) }
    await Promise.all(Object.entries(browsers).map(([name, browser]) => browser.post(`/sign-in/${name}`)))
    const [ann, bob] = await Promise.all([browsers.ann.get('/deep'), browsers.bob.get('/deep')])
    assert.deepEqual([ann.json(), bob.json()], [['ann', 'ann'], ['bob', 'bob']])
  })
}
