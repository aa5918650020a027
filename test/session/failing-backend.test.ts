import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend, type Operation } from '../../lib/testing/index.ts'
import { createSite } from '../helpers/app.ts'
import { type Job } from '../helpers/browser.ts'

const callsOf: Readonly<Record<string, Operation>> = {
  load: 'read', save: 'write', reload: 'read', regenerate: 'write', regenerateId: 'write', login: 'write', destroy: 'write', transaction: 'write'
}
const withCallback = (operation: string) => operation !== 'transaction'

const ways: Readonly<Record<string, (call: (...args: unknown[]) => any) => unknown>> = {
  'is awaited': call => call(),
  'is not awaited': call => { call() },
  'is caught': call => call().catch(() => {}),
  'is caught and not awaited': call => { call().catch(() => {}) }
}
const callbackWays: typeof ways = {
  'goes to a callback that ignores it': call => { call(() => {}) },
  'goes to a callback that is waited for': call => new Promise(resolve => { call(resolve) })
}

let unhandled = 0
process.on('unhandledRejection', () => { unhandled++ })

for (const [operation, call] of Object.entries(callsOf)) {
  t.test(`a backend that fails in ${operation} makes the answer a 503`, async t => {
    for (const [way, use] of Object.entries(withCallback(operation) ? { ...ways, ...callbackWays } : ways)) {
      for (const isSlow of [false, true]) {
        const backend = new FaultyBackend(new MemoryBackend())
        const site = await createSite(t, { backend })
        const browser = site.browser()
        await browser.run(({ session }) => { session.a = 1 })
        backend.before(call, async () => {
          if (isSlow) await new Promise(resolve => { setImmediate(resolve) })
          throw new Error('out of order')
        })
        const response = await browser.attempt(({ session }) => {
          if (operation === 'save') session.a = 2
          const args: unknown[] = { login: ['ann'], transaction: [(data: any) => { data.a = 2 }] }[operation] ?? []
          return use((...callback) => session[operation](...args, ...callback))
        }, operation === 'load' ? '/by-hand' : '/')
        const name = `when the error ${way}${isSlow ? ' and comes late' : ''}`
        t.match(response, { statusCode: 503, headers: { 'retry-after': '5' } }, name)
        t.equal(response.json().code, 'SES_BACKEND_UNAVAILABLE')
        t.equal(response.headers['set-cookie'], undefined)
      }
    }
  })
}

t.test('an operation that never ends is a 503 after the timeout', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const browser = (await createSite(t, { backend, timeout: 0.02 })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  backend.hang('write')
  const response = await browser.attempt(({ session }) => { session.destroy() })
  t.equal(response.statusCode, 503)
})

t.test('an answer that a handler made of the failure stands', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const browser = (await createSite(t, { backend })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  backend.fail('write')
  const response = await browser.attempt(({ session }, reply) => session.destroy().catch(() => reply.code(503).send({ sorry: true })))
  t.strictSame([response.statusCode, response.json(), response.headers['retry-after']], [503, { sorry: true }, '5'])
})

const errorHandlers: Readonly<Record<string, ((app: FastifyInstance) => unknown) | undefined>> = {
  'the default error handler': undefined,
  'an error handler that only sends': app => app.setErrorHandler((_error, _request, reply) => { reply.send({ sorry: true }) })
}
for (const [name, setup] of Object.entries(errorHandlers)) {
  t.test(`the cookie of an earlier save is taken off a failed answer again, with ${name}`, async t => {
    const backend = new FaultyBackend(new MemoryBackend())
    const site = await createSite(t, { backend })
    setup?.(site.app)
    const browser = site.browser()
    const jobs: Job[] = [
      ({ session }) => { session.a = 2 },
      ({ session }) => session.save(),
      ({ session }, reply) => session.destroy().catch(() => reply.code(503).send())
    ]
    for (const job of jobs) {
      const response = await browser.attempt(async (request, reply) => {
        request.session.a = 1
        await request.session.save()
        backend.fail('write').fail('remove')
        request.session.a = 2
        return await job(request, reply)
      })
      backend.heal()
      t.strictSame([response.statusCode, response.headers['set-cookie']], [503, undefined])
    }
  })
}

t.test('no rejection was left unhandled', async t => {
  await new Promise(resolve => { setImmediate(resolve) })
  t.equal(unhandled, 0)
})
