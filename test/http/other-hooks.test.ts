import t from 'tap'
import { createSite, kinds, loose } from '../helpers/app.ts'
import { cookieLines, cookieOf } from '../helpers/cookies.ts'
import { Gate, settled } from '../helpers/gate.ts'

for (const kind of kinds) {
  for (const [how, hook] of [
    ['throws', () => { throw new Error('a later hook') }],
    ['rejects', async () => { throw new Error('a later hook') }],
    ['rejects after a while', async () => { await settled(); throw new Error('a later hook') }]
  ] as Array<[string, () => Promise<void>]>) {
    t.test(`${kind}: a later onSend hook that ${how} makes it a 500; the session is stored once, and its cookie is sent once`, async t => {
      const { app, operations } = await createSite(t, { backend: kind })
      app.addHook('onSend', async request => { if (request.url === '/') await hook() })
      app.get('/', async request => { loose(request)['a'] = 1; return 'the handler\'s' })
      app.get('/show', async request => ({ ...loose(request) }))
      const response = await app.inject('/')
      t.equal(response.statusCode, 500)
      t.match(response.json(), { message: 'a later hook' })
      t.strictSame(operations(), ['write'])
      t.equal(cookieLines(response).length, 1)
      t.strictSame((await app.inject({ url: '/show', headers: { cookie: cookieOf(response) } })).json(), { a: 1 })
    })
  }

  t.test(`${kind}: what an error handler changes after a later onSend hook threw is too late, and a warning says so`, async t => {
    const { app, operations, warnings } = await createSite(t, { backend: kind })
    let isFirst = true
    app.addHook('onSend', async () => {
      if (!isFirst) return
      isFirst = false
      throw new Error('a later hook')
    })
    app.setErrorHandler(async (_error, request) => { loose(request)['b'] = 2; return 'handled' })
    app.get('/', async request => { loose(request)['a'] = 1; return 'never' })
    const response = await app.inject('/')
    await settled()
    t.strictSame([operations(), cookieLines(response).length], [['write'], 1])
    t.match(warnings(), [/^changes of the session are lost: they were made after it was committed/])
  })

  t.test(`${kind}: a later onSend hook may change the payload`, async t => {
    const { app, operations } = await createSite(t, { backend: kind })
    app.addHook('onSend', async (_request, _reply, payload) => `${String(payload)}!`)
    app.get('/', async request => { loose(request)['a'] = 1; return 'changed' })
    t.equal((await app.inject('/')).payload, 'changed!')
    t.strictSame(operations(), ['write'])
  })

  t.test(`${kind}: a later onSend hook may take our headers off again`, async t => {
    const { app } = await createSite(t, { backend: kind })
    app.addHook('onSend', async (_request, reply) => { reply.removeHeader('set-cookie').removeHeader('cache-control') })
    app.get('/', async request => { loose(request)['a'] = 1; return 'ok' })
    const { headers } = await app.inject('/')
    t.strictSame([headers['set-cookie'], headers['cache-control']], [undefined, undefined])
  })

  t.test(`${kind}: when an earlier onSend hook throws, the error reply commits`, async t => {
    let isFirst = true
    const hook = async () => {
      if (!isFirst) return
      isFirst = false
      throw Object.assign(new Error('earlier'), { statusCode: 418 })
    }
    const { app, operations } = await createSite(t, { backend: kind, before: app => { app.addHook('onSend', hook) } })
    app.get('/', async request => { loose(request)['a'] = 1; return 'never' })
    const response = await app.inject('/')
    t.equal(response.statusCode, 418)
    t.equal(cookieLines(response).length, 1)
    t.strictSame(operations(), ['write'])
  })

  t.test(`${kind}: when an earlier onSend hook throws at the error reply too, we are never asked, and a warning says what is lost`, async t => {
    const { app, operations, warnings } = await createSite(t, {
      backend: kind,
      before: app => { app.addHook('onSend', async () => { throw new Error('always') }) }
    })
    app.get('/', async request => { loose(request)['a'] = 1; return 'never' })
    t.equal((await app.inject('/')).statusCode, 500)
    await settled()
    t.strictSame(operations(), [])
    t.match(warnings(), [/changes of the session are lost: .* \(GET \/\)/])
  })

  t.test(`${kind}: a later hook that throws after a failed commit leaves one answer`, async t => {
    const { app, backend, operations } = await createSite(t, { backend: kind })
    backend.fail('write')
    let calls = 0
    app.addHook('onSend', async () => { calls++; throw new Error('a later hook') })
    app.get('/', async request => { loose(request)['a'] = 1; return 'never' })
    const response = await app.inject('/')
    t.equal(response.statusCode, 503)
    t.strictSame(operations(), kind === 'memory' ? ['write', 'read'] : ['write'])
    t.equal(calls, 1)
  })

  for (const order of ['while the first is committed', 'after the first was sent'] as const) {
    t.test(`${kind}: a second send that an earlier hook lets through ${order} causes no second commit and no crash`, async t => {
      const gates = [new Gate(), new Gate()] as const
      let sends = 0
      const { app, backend, operations } = await createSite(t, {
        backend: kind,
        before: app => { app.addHook('onSend', async () => { await gates[sends++]!.pass() }) }
      })
      const write = new Gate()
      backend.before('write', write.pass)
      // Both sends are under way before the plugin's hook hears of the first: Fastify allows that.
      app.get('/', async (request, reply) => { loose(request)['a'] = 1; reply.send('first'); return 'second' })
      const answer = app.inject('/')
      await Promise.all(gates.map(gate => gate.reached))
      gates[0].open()
      await write.reached
      const last = order === 'after the first was sent' ? [write, gates[1]] : [gates[1], write]
      for (const gate of last) {
        gate.open()
        await settled()
      }
      t.equal((await answer).payload, 'first')
      t.strictSame(operations(), ['write'])
    })
  }

  t.test(`${kind}: an answer that Node refuses to write ends as a 500, although it had to wait for the commit`, async t => {
    const { app, backend, logs, operations } = await createSite(t, { backend: kind })
    const gate = new Gate()
    backend.before('write', gate.pass)
    app.get('/', async (request, reply) => {
      loose(request)['a'] = 1
      reply.header('x-bad', 'line\nbreak')
      return 'never'
    })
    const answer = app.inject('/')
    await gate.reached
    gate.open()
    t.equal((await answer).statusCode, 500)
    t.strictSame(operations(), ['write'])
    t.match(logs.filter(({ level }) => level === 50), [{ msg: 'the reply could not be sent after the session was committed', err: { code: 'ERR_INVALID_CHAR' } }])
  })

  t.test(`${kind}: onError and onResponse hooks may read the session`, async t => {
    const { app } = await createSite(t, { backend: kind })
    const seen: unknown[] = []
    app.addHook('onError', async request => { seen.push({ ...loose(request) }) })
    app.addHook('onResponse', async request => { seen.push(loose(request).isNew) })
    app.get('/', async request => { loose(request)['a'] = 1; throw new Error('wrong') })
    t.equal((await app.inject('/')).statusCode, 500)
    await settled()
    t.strictSame(seen, [{ a: 1 }, false])
  })
}
