import cookie from '@fastify/cookie'
import Fastify from 'fastify'
import fc from 'fast-check'
import t from 'tap'
import { SessionCookie } from '../../lib/http/session-cookie.ts'
import sessions, { type CookieOptions, InvalidOptionsError } from '../../lib/index.ts'
import { createApp, SECRET } from '../helpers/app.ts'

// RFC 6265bis, 4.1.1
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const COOKIE_OCTETS = /^[\x21\x23-\x2B\x2D-\x3A\x3C-\x5B\x5D-\x7E]*$/
const AV_OCTETS = /^[\x20-\x3A\x3C-\x7E]*$/

interface Line { name: string, value: string, attributes: Map<string, string> }

/** Reads a Set-Cookie line; throws when the line breaks the grammar. */
function parse (line: string): Line {
  const [pair, ...rest] = line.split('; ') as [string, ...string[]]
  const at = pair.indexOf('=')
  const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
  if (!TOKEN.test(name) || !COOKIE_OCTETS.test(value)) throw new Error(`pair: ${line}`)
  const attributes = new Map<string, string>()
  for (const attribute of rest) {
    const [key, text = ''] = attribute.split(/=(.*)/s) as [string, string?]
    if (attributes.has(key.toLowerCase())) throw new Error(`twice: ${line}`)
    if (!AV_OCTETS.test(text) || text.length > 1_024) throw new Error(`attribute: ${line}`)
    attributes.set(key.toLowerCase(), text)
  }
  if (!/^\d*$/.test(attributes.get('max-age') ?? '')) throw new Error(`max-age: ${line}`)
  if (name.length + value.length > 4_096 || line.length > 4_096) throw new Error(`size: ${line.length}`)
  return { name, value, attributes }
}

function linesOf (header: unknown): Line[] {
  return [header ?? []].flat().map(line => parse(String(line)))
}

const options = fc.record({
  name: fc.constantFrom('session', '__Host-s', '__Secure-s', 'a!b~c', 's.x'),
  path: fc.constantFrom('/', '/app', '/a%20b/c'),
  domain: fc.constantFrom('example.com', 'a.b.example'),
  httpOnly: fc.boolean(),
  sameSite: fc.constantFrom('lax' as const, 'strict' as const, 'none' as const),
  partitioned: fc.boolean(),
  priority: fc.constantFrom('low' as const, 'medium' as const, 'high' as const),
  secure: fc.constantFrom(true, false, 'auto' as const),
  persistent: fc.boolean()
}, { requiredKeys: [] })

async function respond (cookieOptions: CookieOptions, size: number) {
  const app = Fastify()
  try {
    await app.register(sessions, { secret: SECRET, cookie: cookieOptions })
    // Outside the cookie's path there is no session to store.
    const { path = '/' } = cookieOptions
    const at = (name: string) => `${path === '/' ? '' : path}/${name}`
    app.get(decodeURI(at('set')), async request => { request.session.set('text', 'é;, "\\\n'.repeat(size)) })
    app.get(decodeURI(at('end')), async request => { await request.session.destroy() })
    const set = await app.inject(at('set'))
    const lines = linesOf(set.headers['set-cookie'])
    const header = lines.map(({ name, value }) => `${name}=${value}`).join('; ')
    return { set: lines, cleared: linesOf((await app.inject({ url: at('end'), headers: { cookie: header } })).headers['set-cookie']) }
  } finally {
    await app.close()
  }
}

t.test('whatever the options and the payload, lines follow the grammar, and clearing repeats their attributes', async t => {
  await fc.assert(fc.asyncProperty(options, fc.integer({ min: 1, max: 250 }), async (cookieOptions, size) => {
    let lines
    try {
      lines = await respond(cookieOptions as CookieOptions, size)
    } catch (error) {
      return error instanceof InvalidOptionsError
    }
    const { set, cleared } = lines
    if (set.length === 0 || cleared.length !== set.length) return false
    return cleared.every(({ name, value, attributes }, index) => {
      const original = set[index]!
      const kept = ['path', 'domain', 'secure', 'httponly', 'samesite', 'partitioned', 'priority']
      return name === original.name && value === '' && attributes.get('max-age') === '0' &&
        kept.every(key => attributes.get(key) === original.attributes.get(key)) && attributes.has('samesite')
    })
  }), { numRuns: 150 })
  t.pass()
})

t.test('ours appears once per name, domain and path, and cookies of others stay', async t => {
  const app = await createApp(t, { secret: SECRET, cookie: { name: 's' } }, { before: app => app.register(cookie) })
  app.get('/', async (request, reply) => {
    reply.setCookie('s', 'forged', { path: '/' })
    reply.setCookie('s', 'other path', { path: '/other' })
    reply.setCookie('theme', 'dark', { path: '/' })
    reply.header('set-cookie', 's=raw; Path=/')
    request.session.set('a', 1)
    await request.session.save()
    request.session.set('b', 2)
    await request.session.regenerateId()
    return 'ok'
  })
  const names = linesOf((await app.inject('/')).headers['set-cookie']).map(({ name, attributes }) => `${name} ${attributes.get('path')}`)
  t.strictSame(names.sort(), ['s /', 's /other', 'theme /'])
})

async function newSessionCookie (): Promise<SessionCookie> {
  const app = Fastify()
  await app.register(cookie)
  return new SessionCookie({ name: 's', path: '/', httpOnly: true, secure: true, sameSite: 'lax', partitioned: false }, app.serializeCookie)
}

t.test('a cookie that is never split is as long as its line, with the longest Max-Age', async t => {
  const sessionCookie = await newSessionCookie()
  for (const text of ['', 'x', 'x'.repeat(5_000)]) t.equal(sessionCookie.unsplitBytes(text), sessionCookie.set([text], 34_560_000)[0]!.length)
})

t.test('a browser sends the parts of a split cookie in one header', async t => {
  const sessionCookie = await newSessionCookie()
  t.equal(sessionCookie.header('text'), 's=text')
  t.match(sessionCookie.header('x'.repeat(5_000)), /^s=2\.[\w-]{6}\.x+; s\.1=2\.[\w-]{6}\.x+$/)
})

t.test('a cookie has room for the longest Max-Age, and no byte more than 4,096', async t => {
  const sessionCookie = await newSessionCookie()
  const lengthOf = (size: number) => sessionCookie.set(sessionCookie.split('x'.repeat(size)), 34_560_000).map(({ length }) => length)
  const most = 4_096 - 's=; Max-Age=34560000; Path=/; HttpOnly; Secure; SameSite=Lax'.length
  t.strictSame(lengthOf(most), [4_096])
  t.equal(lengthOf(most + 1).length, 2)
})
