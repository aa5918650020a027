import { inspect } from 'node:util'
import Fastify from 'fastify'
import t from 'tap'
import sessions, { CookieBackend, MemoryBackend, type SessionEvent, type SessionRecord, type WriteContext } from '../../lib/index.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { createSite, kinds, loose, SECRET, signedUp } from '../helpers/app.ts'
import { cookieLines, NAME } from '../helpers/cookies.ts'

/** Keeps all arguments of its calls as text, except the request, which is there for the application's own columns. */
class CuriousBackend extends MinimalBackend {
  readonly told: string[] = []
  override read (id: string) { this.#note(id); return super.read(id) }
  override write (id: string, record: SessionRecord, version?: number, context?: WriteContext) {
    this.#note([id, record, version, context?.data])
    return super.write(id, record)
  }

  override remove (id: string) { this.#note(id); super.remove(id) }
  #note (what: unknown): void { this.told.push(inspect(what, { depth: 3, maxStringLength: null })) }
}

t.test('a backend is told no token, whatever is done with the session', async t => {
  const backend = new CuriousBackend()
  const site = await createSite(t, { backend })
  const browser = site.browser()
  const tokens: string[] = []
  for (const job of [
    ({ session }: any) => { session.a = 1 },
    ({ session }: any) => session.login('ada', { b: 2 }),
    ({ session }: any) => session.regenerateId(),
    ({ session }: any) => session.setLifetime({ persistent: true }),
    ({ session }: any) => session.regenerate(['a']),
    ({ session }: any) => session.destroy()
  ]) {
    const response = await browser.run(async request => { await job(request) })
    tokens.push(...cookieLines(response).map(line => /=([^;]*)/.exec(line)![1]!).filter(token => token !== ''))
  }
  tokens.push((await site.app.sessions.create({ a: 1 })).cookie.slice(NAME.length + 1))
  t.equal(new Set(tokens).size, 5)
  t.ok(backend.told.length > 10)
  for (const token of tokens) {
    const forms = [token, ...(['hex', 'base64', 'latin1'] as const).map(form => Buffer.from(token, 'base64url').toString(form))]
    t.notOk(backend.told.some(text => forms.some(form => text.includes(form))))
  }
})

t.test('a token anywhere but in our cookie is no session', async t => {
  for (const kind of kinds) {
    const site = await createSite(t, { backend: kind })
    site.app.post('/', async request => ({ ...loose(request) }))
    const cookie = await signedUp(site)
    const token = cookie.slice(NAME.length + 1)
    const ask = async (options: object) => (await site.app.inject({ method: 'POST', url: '/', ...options })).json()
    t.strictSame(await ask({ headers: { cookie } }), { user: 'ada' })
    for (const name of [NAME, 'session', 'sid', 'id']) {
      t.strictSame(await ask({ url: `/?${name}=${token}` }), {})
      t.strictSame(await ask({ payload: { [name]: token } }), {})
      t.strictSame(await ask({ headers: { [`x-${name}`]: token, [name.toLowerCase()]: token } }), {})
    }
    t.strictSame(await ask({ headers: { authorization: `Bearer ${token}`, cookie2: cookie, 'set-cookie': cookie, 'x-cookie': cookie } }), {})
  }
})

t.test('no answer, log line, event or error has a token', async t => {
  for (const kind of kinds) {
    const lines: string[] = []
    const { app, backend, events } = await createSite(t, { backend: kind, server: { logger: { level: 'trace', stream: { write: (line: string) => { lines.push(line) } } } } as never })
    const shown: string[] = []
    app.addHook('onError', async (_request, _reply, error) => { shown.push(inspect(error, { depth: 5 }), String(error.stack), JSON.stringify(error)) })
    app.get('/', async request => {
      const session = loose(request)
      session['n'] = 1
      shown.push(inspect(session, { depth: 9, showHidden: true }), String(session), JSON.stringify(session.data()))
      return session
    })
    app.get('/login', async request => { await loose(request).login('ada'); return { id: loose(request).id } })
    app.get('/end', async request => { await loose(request).destroy() })
    app.get('/bad', async request => { loose(request)['big'] = 1n })

    const tokens: string[] = []
    let cookie = ''
    for (const url of ['/', '/', '/login', '/', '/bad']) {
      const response = await app.inject({ url, headers: { cookie } })
      const { 'set-cookie': _ours, ...headers } = response.headers
      shown.push(response.body, JSON.stringify(headers))
      for (const line of cookieLines(response)) {
        cookie = line.split(';')[0]!
        tokens.push(cookie.slice(NAME.length + 1))
      }
    }
    for (const fault of ['read', 'write'] as const) {
      backend.fail(fault)
      shown.push((await app.inject({ url: '/', headers: { cookie } })).body)
      backend.heal()
    }
    if (kind === 'memory') shown.push(JSON.stringify(await app.sessions.list({})))
    shown.push((await app.inject({ url: '/', headers: { cookie: `${NAME}=${tokens[0]!.slice(0, -1)}` } })).body)
    shown.push((await app.inject({ url: '/end', headers: { cookie } })).body)

    t.ok(tokens.length >= 2 && lines.length > 10 && events.length > 4)
    shown.push(...lines, JSON.stringify(events))
    for (const token of tokens) t.notOk(shown.some(text => text.includes(token.slice(0, -1))), kind)
  }
})

t.test('what a client sends is in no log line of ours, and breaks none', async t => {
  for (const kind of kinds) {
    const lines: string[] = []
    const { app } = await createSite(t, { backend: kind, server: { logger: { level: 'trace', stream: { write: (line: string) => { lines.push(line) } } } } as never })
    app.get('/p/:part', async (request, reply) => {
      loose(request)['a'] = 1
      reply.hijack().raw.end()
    })
    for (const evil of ['EVIL\r\n{"level":60}', 'EVIL\u001b[2J', 'EVIL\u2028"}', 'EVIL%0d%0a', '%s%d%jEVIL']) {
      const response = await app.inject({ url: `/p/${encodeURIComponent(evil)}`, headers: { cookie: `${NAME}=${evil}`, 'user-agent': evil } })
      t.equal(response.statusCode, 200)
    }
    t.ok(lines.some(line => line.includes('rejected')) && lines.some(line => line.includes('are lost')))
    const entries = lines.map(line => JSON.parse(line) as Record<string, unknown>)
    t.ok(lines.every(line => line.indexOf('\n') === line.length - 1))
    // Fastify's own log line about a request has the URL.
    for (const { req, ...entry } of entries) t.notMatch(JSON.stringify(entry), /EVIL/)
  }
})

t.test('a log line of an event says when, what, which session and which request', async t => {
  const lines: Array<Record<string, unknown>> = []
  const { app } = await createSite(t, { backend: 'memory', server: { logger: { level: 'debug', stream: { write: (line: string) => { lines.push(JSON.parse(line)) } } } } as never })
  app.get('/', async request => { loose(request)['a'] = 1; return loose(request).id })
  const before = Date.now()
  const id = (await app.inject('/')).body
  const [line, ...more] = lines.filter(({ session }) => session !== undefined)
  t.strictSame(more, [])
  t.match(line, { level: 20, reqId: /./, hostname: /./, pid: process.pid, session: { type: 'created', property: 'session', id } satisfies Partial<SessionEvent>, msg: 'session created' })
  t.ok((line!['time'] as number) >= before && (line!['time'] as number) <= Date.now())
})

t.test('the answer to a failure does not tell what the driver said', async t => {
  const driver = new Error('connect ECONNREFUSED 10.0.0.7:6379 user=root password=hunter2')
  for (const operation of ['read', 'write'] as const) {
    const site = await createSite(t, { backend: 'memory' })
    site.app.get('/', async request => { loose(request)['n'] = Math.random() })
    site.app.get('/save', async request => { loose(request)['n'] = Math.random(); await loose(request).save() })
    const cookie = await signedUp(site)
    site.backend.fail(operation, driver)
    for (const url of ['/', '/save']) {
      const response = await site.app.inject({ url, headers: { cookie } })
      t.equal(response.statusCode, 503)
      t.notMatch(response.body + JSON.stringify(response.headers), /ECONNREFUSED|10\.0|hunter2|root/)
      t.notOk(response.body.includes(cookie.slice(NAME.length + 1)))
    }
  }
  // The error of a refused registration does not tell the secret either.
  for (const backend of [new CookieBackend(), new MemoryBackend()]) {
    const refused = Fastify().register(sessions, { secret: SECRET, backend, idleTimeout: 'never' as never })
    await t.rejects(Promise.resolve(refused), { message: /^(?!.*a secret of more)/ })
  }
})
