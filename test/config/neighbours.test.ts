import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { CookieBackend, MemoryBackend, type SessionBackend, sessions } from '../../lib/index.ts'
import { SECRET } from '../helpers/app.ts'

/** A scope with a session under this property, whose cookie is called `sid`, and with routes that are bound to these hosts. */
interface Scope { property: string, name?: string, hosts?: Array<string | RegExp | undefined> }

const expected = 'a name that does not overlap with that of `user` in the scope beside (sid)'
const remedy = 'name one of them, bind their routes to different hosts, or give both scopes one property'

function beside (...scopes: Scope[]): FastifyInstance {
  const app = Fastify()
  for (const { property, name = 'sid', hosts = [undefined] } of scopes) {
    app.register(async scope => {
      await scope.register(sessions, { backend: new MemoryBackend(), property, cookie: { name, secure: false } })
      for (const host of hosts) scope.get(`/${property}`, host === undefined ? {} : { constraints: { host } }, async () => property)
    })
  }
  return app
}

for (const [first, second] of [['sid', 'sid'], ['sid', 'sid.1'], ['sid.9', 'sid']] as const) {
  t.test(`scopes beside each other may not use ${first} and ${second} for different properties`, async t => {
    const app = beside({ property: 'user', name: first }, { property: 'admin', name: second })
    await t.rejects(Promise.resolve(app.ready()), {
      code: 'SES_INVALID_OPTIONS',
      message: `Expected \`cookie.name\` to be ${expected.replace('(sid)', `(${first})`)}, got "${second}" (string); ${remedy}`
    })
  })
}

t.test('the registration itself is refused where the scope before is bound to no host', async t => {
  const app = beside({ property: 'user' })
  app.register(async scope => { await scope.register(sessions, { backend: new MemoryBackend(), property: 'admin', cookie: { name: 'sid' } }) })
  await t.rejects(Promise.resolve(app.after()), { code: 'SES_INVALID_OPTIONS' })
})

t.test('scopes with one property share the session', async t => {
  const app = Fastify()
  for (const prefix of ['/a', '/b']) {
    app.register(async scope => {
      await scope.register(sessions, { backend: new MemoryBackend(), cookie: { name: 'sid' } })
      scope.get('/', async () => 'here')
    }, { prefix })
  }
  t.equal((await app.inject('/b')).body, 'here')
})

t.test('cookies with names that do not overlap are fine', async t => {
  t.equal((await beside({ property: 'user' }, { property: 'admin', name: 'sid2' }).inject('/admin')).body, 'admin')
})

for (const [what, first, second, isApart] of [
  ['different hosts', ['a.example'], ['b.example', 'c.example'], true],
  ['a host that a pattern does not match', [/^a\./g], ['b.example'], true],
  ['different patterns', [/^a\./], [/^b\./], true],
  ['one host', ['a.example'], ['b.example', 'A.example'], false],
  ['a host that a pattern matches', [/\.example$/g], ['b.example'], false],
  ['a pattern that matches a host', ['b.example'], [/\.example$/], false],
  ['one pattern', [/\.example$/], [/\.example$/], false],
  ['a host, and partly none', ['a.example'], ['b.example', undefined], false],
  ['no host, and a host', [undefined], ['b.example'], false],
  ['no routes', ['a.example'], [], false]
] as const) {
  t.test(`scopes with one cookie name, bound to ${what}, are ${isApart ? 'accepted' : 'refused'}`, async t => {
    const ready = Promise.resolve(beside({ property: 'user', hosts: [...first] }, { property: 'admin', hosts: [...second] }).ready())
    if (isApart) await t.resolves(ready)
    else await t.rejects(ready, { code: 'SES_INVALID_OPTIONS', message: expected })
  })
}

/** Two registrations in one scope, each with this `maxBytes` and this path of its cookie. */
async function together (first: number, second: number, { paths = ['/', '/'], server = {}, backend = (maxBytes: number): SessionBackend => new CookieBackend({ maxBytes }) } = {}): Promise<Error | null> {
  const app = Fastify(server)
  await app.register(sessions, { secret: SECRET, backend: backend(first), cookie: { name: 'one', path: paths[0]! } })
  return await Promise.resolve(app.register(sessions, { secret: SECRET, property: 'two', backend: backend(second), cookie: { name: 'two', path: paths[1]! } })).then(() => null, (error: Error) => error)
}

t.test('cookie sessions that may outgrow together the headers of the server are refused', async t => {
  t.match(await together(12_288, 12_288), {
    code: 'SES_INVALID_OPTIONS',
    message: 'Expected `backend.maxBytes` to be at most 2048 beside one: the server accepts 16384 bytes of headers, got 12288 (number); lower `maxBytes` of the cookie backends, or raise `http.maxHeaderSize` of Fastify'
  })
  t.match(await together(7_168, 7_169), { code: 'SES_INVALID_OPTIONS' })
  t.match(await together(12_288, 12_288, { paths: ['/app/', '/app/x'] }), { code: 'SES_INVALID_OPTIONS' })
  t.match(await together(12_288, 12_288, { paths: ['/app/x', '/app'] }), { code: 'SES_INVALID_OPTIONS' })
  t.match(await together(7_168, 7_168, { server: { http: { maxHeaderSize: 8_192 } } }), { code: 'SES_INVALID_OPTIONS' })
})

t.test('cookie sessions that fit, and those that no request carries together, are accepted', async t => {
  t.equal(await together(7_168, 7_168), null, 'two with the default')
  t.equal(await together(12_288, 12_288, { server: { http: { maxHeaderSize: 32_768 } } }), null)
  t.equal(await together(12_288, 12_288, { paths: ['/app', '/apple'] }), null)
  t.equal(await together(12_288, 12_288, { backend: () => new MemoryBackend() }), null)
})

t.test('a self-contained backend without a limit counts with the usual one', async t => {
  const backend = (): SessionBackend => ({ selfContained: true, read: () => null, write: () => 'x', remove () {} })
  t.equal(await together(0, 0, { backend }), null)
  t.match(await together(0, 0, { backend, server: { http: { maxHeaderSize: 16_383 } } }), { message: 'to be at most 7167 beside one' })
})
