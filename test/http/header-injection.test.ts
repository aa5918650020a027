import Fastify from 'fastify'
import t from 'tap'
import sessions, { InvalidOptionsError, type SessionOptions } from '../../lib/index.ts'
import { createSite, kinds, loose, SECRET } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'

/** Characters that end a header line, an attribute or a list, or that some parser takes for a line break. */
const HOSTILE = ['\r\n', '\r', '\n', '\0', ';', ',', '\u2028', '\u2029', '\u0085', '\v', '\f', '\x7f', '%0d%0a', 'Ċ', '"', '=']
const PAYLOADS = HOSTILE.flatMap(text => [text, `a${text}`, `${text}a`, `a${text}Set-Cookie: evil=1`, `a${text} Domain=evil.example${text}b`])
/** The session's line and nothing else: the options alone decide what follows the value. */
const LINE = /^__Host-session(?:\.\d)?=[A-Za-z0-9_.-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/

/** For messages, which are lines too. */
const shown = (text: string): string => Array.from(text, char => char.codePointAt(0)!.toString(16)).join(' ')

const options: Readonly<Record<string, (text: string) => unknown>> = {
  'cookie.name': name => ({ cookie: { name } }),
  'cookie.path': path => ({ cookie: { path: `/${path}` } }),
  'cookie.domain': domain => ({ cookie: { domain } }),
  'cookie.priority': priority => ({ cookie: { priority } }),
  'cookie.sameSite': sameSite => ({ cookie: { sameSite: `lax${sameSite}` } }),
  'cookie.secure': secure => ({ cookie: { secure } }),
  property: property => ({ property })
}

/** The `Set-Cookie` lines of a session made under these options; `null` when the options are refused. */
async function linesWith (given: object, path: string): Promise<string[] | null> {
  const app = Fastify()
  try {
    await app.register(sessions, { secret: SECRET, ...given } as SessionOptions)
    app.get('*', async request => { loose(request)['a'] = 1 })
    return cookieLines(await app.inject(path))
  } catch (error) {
    if (error instanceof InvalidOptionsError) return null
    throw error
  } finally {
    await app.close()
  }
}

for (const [name, make] of Object.entries(options)) {
  t.test(`the option ${name} adds no header and no attribute, whatever is in it`, async t => {
    for (const text of PAYLOADS) {
      const given = make(text) as { cookie?: { path?: string, name?: string } }
      const { name = '', path = '/' } = given.cookie ?? {}
      const lines = await linesWith(given, path)
      // No URL has such a path, so that no request is inside of it.
      if (lines !== null && new URL(path, 'http://localhost').pathname !== path) {
        t.strictSame(lines, [], shown(text))
        continue
      }
      t.ok(lines === null || lines.length === 1, shown(text))
      if (lines === null) continue
      // An accepted value must stand unchanged in its own attribute.
      const [pair = '', ...attributes] = lines[0]!.split(';')
      t.match(pair, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+=[A-Za-z0-9_-]+$/)
      if (name !== '') t.equal(pair.slice(0, pair.indexOf('=')), name)
      t.strictSame(attributes, [` Path=${path}`, ' HttpOnly', ' Secure', ' SameSite=Lax'])
      t.match(lines[0], /^[\x20-\x7e]+$/)
    }
  })
}

for (const kind of kinds) {
  t.test(`${kind}: what is put into a session adds no header and no attribute`, async t => {
    const { app } = await createSite(t, { backend: kind })
    app.post<{ Body: { text: string } }>('/data', async request => { loose(request)[request.body.text] = request.body.text })
    app.post<{ Body: { text: string } }>('/login', async request => { await loose(request).login(request.body.text, { [request.body.text]: 1 }) })
    app.post('/plain', async request => { loose(request)['a'] = 1 })
    const post = (url: string, text: string) => app.inject({ method: 'POST', url, payload: { text } })
    const names = Object.keys((await post('/plain', '')).headers).filter(name => name !== 'content-length' && name !== 'content-type')
    for (const text of PAYLOADS) {
      for (const url of ['/data', '/login']) {
        const response = await post(url, text)
        const lines = cookieLines(response)
        if (response.statusCode === 200) {
          t.match(lines, [LINE], shown(text))
          t.equal(lines.length, 1)
        } else {
          t.match(response.json(), { code: 'SES_NOT_SERIALIZABLE' }, shown(text))
          t.strictSame(lines, [])
        }
        t.strictSame(Object.keys(response.headers).filter(name => !names.includes(name) && !/^content-/.test(name)), [])
      }
    }
  })

  t.test(`${kind}: what is put into a session outside a request makes a Cookie header of one session`, async t => {
    const { app } = await createSite(t, { backend: kind })
    for (const text of PAYLOADS) {
      const made = app.sessions.create({ [text]: text }, { subject: text })
      if (text.includes('\0')) {
        await t.rejects(made, { code: 'SES_NOT_SERIALIZABLE' })
        continue
      }
      const { id, cookie } = await made
      t.match(cookie, /^__Host-session=[A-Za-z0-9_-]+$/)
      const session = await app.sessions.open(cookie)
      t.strictSame([session.id, session.subject, session.data()], [id, text, { [text]: text }])
      for (const header of [`${text}${cookie}`, `__Host-session=${text}`, text]) {
        const opened = await app.sessions.open(header)
        t.ok(opened.isNew || opened.id === id)
      }
    }
  })
}
