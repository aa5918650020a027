import t from 'tap'
import { CookieBackend, MemoryBackend, type Session, type SessionBackend } from '../../lib/index.ts'
import { createApp, SECRET } from '../helpers/app.ts'
import { appWith, show, store } from '../helpers/config.ts'
import { cookieOf } from '../helpers/cookies.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'

const loop: { self?: unknown } = {}
loop.self = loop

function deep (): object {
  let value: object = {}
  for (let i = 0; i < 50_000; i++) value = { value }
  return value
}

const bad: Array<[name: string, value: () => unknown, path: string]> = [
  ['a BigInt', () => 1n, 'session.bad'],
  ['a function', () => () => {}, 'session.bad'],
  ['a cycle', () => loop, 'session.bad.self'],
  ['a Map deep inside', () => ({ list: [new Map()] }), 'session.bad.list[0]'],
  ['NaN', () => NaN, 'session.bad'],
  ['a symbol', () => Symbol('s'), 'session.bad'],
  ['nesting without end', deep, 'session.bad'],
  ['a Date', () => new Date(0), 'session.bad'],
  ['a Buffer deep inside', () => ({ list: [Buffer.from('x')] }), 'session.bad.list[0]'],
  ['a hole', () => [1, undefined], 'session.bad[1]']
]

const backends: Array<[string, () => SessionBackend]> = [['the memory backend', () => new MemoryBackend()], ['the cookie backend', () => new CookieBackend()]]

for (const [where, backend] of backends) {
  for (const [name, value, path] of bad) {
    t.test(`${name} is a 500, and leaves what is stored untouched (${where})`, async t => {
      const app = await appWith(t, { secret: SECRET, backend: backend() })
      app.get('/bad', async request => {
        request.session.set('a', 2).set('bad', value())
        return 'done'
      })
      app.get('/bad-save', async request => {
        request.session.set('a', 2).set('bad', value())
        await t.rejects(request.session.save(), { code: 'SES_NOT_SERIALIZABLE', path })
        request.session.delete('bad')
        request.session.set('a', 1)
      })
      const cookie = await store(app, { a: 1 })
      const response = await app.inject({ url: '/bad', headers: { cookie } })
      t.equal(response.statusCode, 500)
      t.match(response.json(), { code: 'SES_NOT_SERIALIZABLE', message: /^The session cannot be stored: (?:a value inside )?`session(?:\.bad)?` / })
      t.equal(response.headers['set-cookie'], undefined)
      t.equal((await app.inject({ url: '/bad-save', headers: { cookie } })).statusCode, 200)
      t.strictSame((await show(app, cookie)).json(), { a: 1 })
    })
  }
}

t.test('what is no object is refused where data are given', async t => {
  const app = await appWith(t, { backend: new MemoryBackend() })
  for (const data of [null, undefined, 'text', 5, [], true]) {
    await t.rejects(app.sessions.create(data as never), { code: 'SES_NOT_SERIALIZABLE', path: 'session' })
  }
})

t.test('a member put into the data by defineProperty is refused, and nothing is stored', async t => {
  const app = await appWith(t, { backend: new MemoryBackend() })
  app.get('/bad', async request => {
    request.session.set('a', 2)
    Object.defineProperty(request.session, 'id', { value: 'mine', enumerable: true })
  })
  const cookie = await store(app, { a: 1 })
  const response = await app.inject({ url: '/bad', headers: { cookie } })
  t.equal(response.statusCode, 500)
  t.match(response.json(), { code: 'SES_RESERVED_KEY', message: /^`id` is a member/ })
  t.strictSame((await show(app, cookie)).json(), { a: 1 })
})

for (const data of [
  '{"a":1,"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  '{"a":1,"signal":1,"id":"mine","get":null,"cookie":{}}'
]) {
  t.test(`stored text ${data} is read without what is not data`, async t => {
    const backend = new MinimalBackend()
    const app = await appWith(t, { backend })
    const cookie = await store(app, { a: 1 })
    backend.tamper(backend.only.id, { data })
    const response = await show(app, cookie)
    t.equal(response.statusCode, 200)
    t.strictSame(response.json(), { a: 1 })
    t.equal(({} as { polluted?: boolean }).polluted, undefined)
    t.strictSame(Object.keys(Object.prototype), [])
  })
}

t.test('stored text that is no object, or no JSON, is no session', async t => {
  for (const data of ['', 'x', '[]', 'null', '5', '"text"', '{"a":']) {
    const backend = new MinimalBackend()
    const app = await appWith(t, { backend })
    const cookie = await store(app, { a: 1 })
    backend.tamper(backend.only.id, { data })
    const response = await show(app, cookie)
    t.strictSame([response.statusCode, response.json(), cookieOf(response)], [200, {}, ''], data)
  }
})

t.test('a key set to undefined is absent, whatever the serializer', async t => {
  for (const serializer of [undefined, { serialize: (data: object) => `keys:${Object.keys(data).join()}`, deserialize: (text: string) => Object.fromEntries(text.slice(5).split(',').filter(Boolean).map(key => [key, 1])) }]) {
    const backend = new MinimalBackend()
    const app = await createApp(t, { backend, ...(serializer && { serializer }) })
    app.get('/', async request => {
      (request.session as Session<{ a: undefined }>).a = undefined
      return request.session.isEmpty
    })
    const response = await app.inject('/')
    t.strictSame([response.body, cookieOf(response), backend.records.size], ['true', '', 0])
  }
})
