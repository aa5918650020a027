import { once } from 'node:events'
import { get as httpGet, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import t from 'tap'
import { autoloadMatcher } from '../../lib/config/autoload.ts'
import { MemoryBackend, type SessionOptions } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createApp, SECRET } from '../helpers/app.ts'
import { appWith, refusalOf, show, store } from '../helpers/config.ts'

type Autoload = SessionOptions['autoload']
const matches = (autoload: Autoload, url: string) => autoloadMatcher(autoload)({ url } as FastifyRequest)

t.test('a boolean holds for every request', async t => {
  t.equal(matches(undefined, '/'), true)
  t.equal(matches(true, '/'), true)
  t.equal(matches(false, '/'), false)
})

t.test('a string is exact, a trailing * matches any rest, both without the query', async t => {
  for (const [autoload, url, expected] of [
    ['/app', '/app', true], ['/app', '/app?x=1', true], ['/app', '/app/', false], ['/app', '/App', false], ['/app', '/apple', false], ['/app', '/x/app', false],
    ['/app', '/x?y=/app', false], ['/app/*', '/app/', true], ['/app/*', '/app/a/b?c', true], ['/app/*', '/app', false], ['/app*', '/apple', true], ['/*', '/', true],
    ['/a*b', '/a*b', true], ['/a*b', '/axb', false], ['/a.b', '/axb', false]
  ] as const) t.equal(matches(autoload, url), expected, `${autoload} ${url}`)
})

t.test('a RegExp sees the path only, and matches anew each time, with g and y too', async t => {
  for (const flags of ['', 'g', 'y', 'gy']) {
    const pattern = new RegExp('/app', flags)
    const matcher = autoloadMatcher(pattern)
    for (let i = 0; i < 3; i++) t.equal(matcher({ url: '/app/1' } as FastifyRequest), true, flags)
    t.equal(matcher({ url: '/x/app' } as FastifyRequest), !flags.includes('y'), 'sticky means from the start')
    t.equal(pattern.lastIndex, 0, 'the one given is not used up')
  }
  t.equal(matches(/^\/app$/, '/app?x'), true)
  t.equal(matches(/x/, '/app?x'), false)
})

t.test('an array matches where one of its paths does', async t => {
  const autoload = ['/a', '/b/*', /c$/]
  for (const [url, expected] of [['/a', true], ['/b/1', true], ['/x/c', true], ['/d', false]] as const) t.equal(matches(autoload, url), expected, url)
  t.equal(matches([], '/'), false)
})

t.test('a function is asked, and only true counts', async t => {
  t.equal(matches(({ url }) => url === '/app', '/app'), true)
  t.equal(matches(() => false, '/app'), false)
  t.equal(matches((async () => true) as never, '/app'), false, 'a promise of true is not true')
})

t.test('anything else is refused, with its place in the array', async t => {
  const expected = 'to be a boolean, a function, a path such as \'/app\' or \'/app/*\', a RegExp, or an array of paths, got'
  for (const [autoload, message] of [
    ['app', `Expected \`autoload\` ${expected} "app" (string)`],
    [null, `Expected \`autoload\` ${expected} null`],
    [5, `Expected \`autoload\` ${expected} 5 (number)`],
    [['/a', ''], `Expected \`autoload.1\` ${expected} "" (string)`],
    [[true], `Expected \`autoload.0\` ${expected} true (boolean)`]
  ] as const) t.match(await refusalOf({ secret: SECRET, autoload }), { code: 'SES_INVALID_OPTIONS', message })
})

t.test('a request that does not load leaves the backend alone, and has a session to load by hand', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const app = await appWith(t, { backend, autoload: '/' })
  app.get('/other', async request => {
    t.equal(request.session.isLoaded, false)
    t.throws(() => request.session.get('a'), { code: 'SES_NOT_LOADED' })
    const reads = backend.calls.length
    await request.session.load()
    return [reads, request.session.get('a')]
  })
  const cookie = await store(app, { a: 1 })
  backend.calls.length = 0
  t.strictSame((await app.inject({ url: '/other', headers: { cookie } })).json(), [0, 1])
  t.strictSame((await show(app, cookie)).json(), { a: 1 })
})

t.test('a route has the last word, in both directions', async t => {
  const app = await appWith(t, { backend: new MemoryBackend(), autoload: ({ url }) => url !== '/on' })
  app.get('/on', { config: { session: { autoload: true } } }, async request => request.session.isLoaded)
  app.get('/off', { config: { session: { autoload: false } } }, async request => request.session.isLoaded)
  t.equal((await app.inject('/on')).body, 'true')
  t.equal((await app.inject('/off')).body, 'false')
})

t.test('a cookie session, which loads at the first look, is asked the same', async t => {
  const app = await appWith(t, { secret: SECRET, autoload: ['/on'] })
  for (const url of ['/on', '/off']) app.get(url, async request => request.session.isLoaded)
  t.equal((await app.inject('/on')).body, 'true')
  t.equal((await app.inject('/off')).body, 'false')
})

t.test('a function that throws fails the request, not the process', async t => {
  const app = await appWith(t, { backend: new MemoryBackend(), autoload: () => { throw new Error('on purpose') } })
  const response = await app.inject('/')
  t.equal(response.statusCode, 500)
  t.equal(response.json().message, 'on purpose')
})

/** The answer to a request target as it stands: inject() would tidy it up. */
async function get (app: FastifyInstance, path: string): Promise<{ status: number | undefined, body: string }> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const request = httpGet({ host: '127.0.0.1', port, path, agent: false })
  const [response] = await once(request, 'response') as [IncomingMessage]
  return { status: response.statusCode, body: await text(response) }
}

for (const [routerOptions, autoload, url, pattern, isLoaded] of [
  [{}, '/app/cart', '/%61pp/c%61rt?x=1', '/app/cart', true],
  [{}, '/app/ä b', '/app/%C3%A4%20b', '/app/ä b', true],
  [{}, '/app/*', '/%61pp/x', '/app/:x', true],
  [{}, '/app/a/b', '/app/a%2Fb', '/app/:x', false],
  [{}, '/app/100%25', '/app/100%25', '/app/:x', true],
  [{}, '/app/cart', '/app/cart#x', '/app/cart', true],
  [{}, '/app/cart', 'http://localhost/app/cart', '/app/cart', true],
  [{}, '/app/cart', '/app/cart;x', '/app/:x', false],
  [{ useSemicolonDelimiter: true }, '/app/cart', '/app/cart;x=1', '/app/cart', true],
  [{ caseSensitive: false }, '/App/cart', '/aPP/Cart', '/app/cart', true],
  [{ caseSensitive: false }, '/App/*', '/aPP/Cart', '/app/cart', true],
  [{ caseSensitive: false }, /^\/App/, '/App/cart', '/app/cart', true],
  [{ ignoreTrailingSlash: true }, '/app/cart', '/app/cart/', '/app/cart', true],
  [{ ignoreTrailingSlash: true }, '/app/cart/', '/app/cart', '/app/cart', true],
  [{ ignoreTrailingSlash: true }, '/', '/', '/', true],
  [{ ignoreDuplicateSlashes: true }, '/app/cart', '//app///cart', '/app/cart', true],
  [{ ignoreDuplicateSlashes: true }, '/app//*', '/app/cart', '/app/cart', true],
  [{ ignoreDuplicateSlashes: true }, '/app/*', '//app/cart', '/app/cart', true]
] as const) {
  for (const at of ['routerOptions', 'options'] as const) {
    t.test(`autoload ${String(autoload)} ${isLoaded ? 'matches' : 'does not match'} ${url}, as the router reads it with ${JSON.stringify(routerOptions)} in its ${at}`, async t => {
      const server = at === 'routerOptions' ? { routerOptions } : routerOptions
      const app = await createApp(t, { backend: new MemoryBackend(), autoload }, { server })
      app.get(pattern, async request => String(request.session.isLoaded))
      const { status, body } = await get(app, url)
      t.strictSame([status, body], [200, String(isLoaded)])
    })
  }
}

t.test('a path that cannot be decoded is matched as it stands', async t => {
  t.equal(matches('/%zz', '/%zz'), true)
})

t.test('exclude: such a request has no session at all, and a route that requires a session keeps it', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const app = await appWith(t, { backend, exclude: ['/off/*', /^\/never$/] })
  for (const url of ['/off/x', '/never', '/other']) app.get(url, async request => request.session)
  app.get('/off/required', { config: { session: { required: true } } }, async request => request.session)
  const cookie = await store(app, { a: 1 })
  const answerOf = async (url: string) => {
    backend.calls.length = 0
    const { body, headers } = await app.inject({ url, headers: { cookie } })
    return [body, headers['vary'], backend.calls.length]
  }
  for (const url of ['/off/x', '/never']) t.strictSame(await answerOf(url), ['null', undefined, 0], url)
  for (const url of ['/other', '/off/required']) t.strictSame(await answerOf(url), ['{"a":1}', 'Cookie', 1], url)
  t.equal((await app.inject('/off/required')).statusCode, 401)
})

t.test('exclude takes paths, and nothing else', async t => {
  for (const exclude of [true, 'app', () => true, [null]]) {
    t.match(await refusalOf({ secret: SECRET, exclude }), { code: 'SES_INVALID_OPTIONS', message: /^Expected `exclude(?:\.0)?` to be a path such as '\/app' or '\/app\/\*', a RegExp, or an array of paths, got / })
  }
})
