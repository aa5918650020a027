import { EventEmitter } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { untilGone } from '../../lib/http/client-gone.ts'
import { createSite } from '../helpers/app.ts'
import { Gate, settled } from '../helpers/gate.ts'

t.test('a request whose client has left while its session was loading is answered once, and not handled later', async t => {
  const { app, backend, events } = await createSite(t, { backend: 'memory' })
  const { cookie } = await app.sessions.create({ a: 1 } as never)
  const [handled, failed]: [number[], string[]] = [[], []]
  app.get('/', async () => { handled.push(1) })
  app.addHook('onError', async (_request, _reply, error) => { failed.push(error.code) })
  const gate = new Gate()
  backend.before('read', gate.pass)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const request = httpRequest({ host: '127.0.0.1', port, headers: { cookie }, agent: false })
  request.on('error', () => {})
  request.end()
  await gate.reached
  request.destroy()
  while (failed.length === 0) await settled()
  gate.open()
  await settled()
  await settled()
  t.strictSame([handled, failed], [[], ['SES_BACKEND_UNAVAILABLE']])
  t.equal(events.filter(({ type }) => type === 'loaded').length, 1, 'the store has answered by then')
})

t.test('once the store has answered, nothing listens for the end of the connection any more', async t => {
  const counted: number[] = []
  for (const isSlow of [false, true]) {
    const { app, backend } = await createSite(t, { backend: 'memory' })
    const { cookie } = await app.sessions.create({ a: 1 } as never)
    app.get('/', async (_request, reply) => { counted.push(reply.raw.listenerCount('close')) })
    if (isSlow) backend.before('read', async () => {})
    await app.inject({ url: '/', headers: { cookie } })
  }
  t.equal(counted[1], counted[0])
})

t.test('a wait is answered once, by what comes first: the end of the connection or the store', async t => {
  for (const first of ['client', 'store'] as const) {
    const raw = new EventEmitter()
    const answers: Array<string | null> = []
    let finish!: (failure: Error | null) => void
    const waiting = new Promise<Error | null>(resolve => { finish = resolve })
    untilGone({ raw } as never, waiting, failure => {
      answers.push(failure === null ? null : (failure as Error & { detail?: string }).detail ?? '')
      // What the answer sets off may close the connection.
      raw.emit('close')
    })
    if (first === 'client') raw.emit('close')
    finish(null)
    await settled()
    raw.emit('close')
    t.strictSame(answers, [first === 'client' ? 'The client left while the session was loading' : null], first)
    t.equal(raw.listenerCount('close'), 0)
  }
})
