import Fastify from 'fastify'
import t from 'tap'
import sessions, { BackendUnavailableError, InvalidOptionsError, MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'

class Prepared extends MemoryBackend {
  readonly #prepare: () => Promise<void>
  isClosed = false
  constructor (prepare: () => Promise<void>) {
    super()
    this.#prepare = prepare
  }

  override bind (): this { return this }
  prepare (): Promise<void> { return this.#prepare() }
  async close (): Promise<void> { this.isClosed = true }
}

t.test('a backend that is not fit for use stops the start', async t => {
  const backend = new Prepared(async () => { throw new InvalidOptionsError('The table `sessions` is missing') })
  const app = Fastify()
  await t.rejects(async () => { await app.register(sessions, { backend }) }, { code: 'SES_INVALID_OPTIONS', message: /table/ })
  await app.close()
  t.equal(backend.isClosed, true, 'and it is closed with the application')
})

t.test('a server that is down does not: the application starts, warns, and works once it is up', async t => {
  for (const error of [new BackendUnavailableError('down'), new Error('ECONNREFUSED')]) {
    const lines: string[] = []
    const app = Fastify({ logger: { level: 'warn', stream: { write: line => { lines.push(line) } } } })
    await app.register(sessions, { backend: new Prepared(async () => { throw error }) })
    t.match(lines.join(''), /Prepared cannot be reached yet/)
    app.get('/', async request => { request.session.set('n', 1) })
    t.equal((await app.inject('/')).statusCode, 200)
    await app.close()
  }
})

t.test('one that never answers is waited for no longer than the time limit', async t => {
  const app = Fastify()
  await app.register(sessions, { backend: new Prepared(() => new Promise(() => {})), timeout: 0.02 })
  await app.close()
  t.pass('it started')
})

t.test('a wrapped backend is prepared too', async t => {
  let calls = 0
  const app = Fastify()
  await app.register(sessions, { backend: new FaultyBackend(new Prepared(async () => { calls++ })) })
  await app.close()
  t.equal(calls, 1)
})
