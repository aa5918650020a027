import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import t from 'tap'
import { CookieBackend, type Encryptor, MemoryBackend, type SessionOptions } from '../../lib/index.ts'
import { resolveOptions } from '../../lib/config/options.ts'
import { createSite, SECRET } from '../helpers/app.ts'
import { appWith, refusalOf, show, store } from '../helpers/config.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { stores } from '../helpers/stores.ts'

const key = randomBytes(32)

/** AES-256-GCM with the id as associated data, as an application might write it. */
const encryptor: Encryptor = {
  seal (text, id) {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(id))
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64')
  },
  open (text, id) {
    try {
      const bytes = Buffer.from(text, 'base64')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(Buffer.from(id)).setAuthTag(bytes.subarray(-16))
      return decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')
    } catch {
      return null
    }
  }
}

const local = Object.entries(stores).filter(([name, { server }]) => server === null && name !== 'pglite')

for (const [name, kind] of local) {
  t.test(`${name}: an encryptor of the application's own seals what is stored, without a secret`, async t => {
    const backend = await kind.open(t, `encryptor-${name}`)
    const app = await appWith(t, { backend, encrypt: encryptor })
    const cookie = await store(app, { card: '4111-1111' })
    await app.inject({ method: 'POST', url: '/', payload: { more: 'é' }, headers: { cookie } })
    t.strictSame((await show(app, cookie)).json(), { card: '4111-1111', more: 'é' })
    const { id } = await app.sessions.open(cookie)
    t.strictSame((await app.sessions.get(id))!.data, { card: '4111-1111', more: 'é' })
    const plain = await appWith(t, { backend })
    t.strictSame((await show(plain, cookie)).json(), {}, 'whoever has no key finds nothing to read')
  })
}

t.test('what its open answers null for is no session, and no error', async t => {
  const backend = new MinimalBackend()
  const site = await createSite(t, { backend, encrypt: encryptor })
  const browser = site.browser()
  await browser.run(({ session }) => { session.name = 'mallory' })
  await site.browser().run(({ session }) => { session.name = 'admin' })
  const [first, second] = [...backend.records.values()]
  for (const data of [second!.data, `x${first!.data}`, '{"name":"admin"}']) {
    backend.tamper(first!.id, { data })
    site.events.length = 0
    const response = await browser.attempt(({ session }) => session.data())
    t.strictSame([response.statusCode, response.json(), response.headers['set-cookie']], [200, {}, undefined])
    t.match(site.events, [{ type: 'rejected', reason: 'tampered', id: first!.id }])
  }
})

t.test('an object of a class is an encryptor, and is called as its own', async t => {
  class Vault implements Encryptor {
    readonly key = '!'
    seal (text: string): string { return this.key + text }
    open (text: string): string | null { return text.startsWith(this.key) ? text.slice(1) : null }
  }
  const backend = new MinimalBackend()
  const app = await appWith(t, { backend, encrypt: new Vault() })
  t.strictSame((await show(app, await store(app, { a: 1 }))).json(), { a: 1 })
  t.equal(backend.only.data, '!{"a":1}')
})

const later = <T>(value: T): Promise<T> => Promise.resolve(value)
const lost = (): Promise<never> => Promise.reject(new Error('the vault is away'))

for (const [what, seal, problem] of [
  ['throws', () => { throw new Error('no key') }, 'was refused by `encrypt.seal`'],
  ['answers a promise', (text: string) => later(text), 'was sealed to a promise, expected a string'],
  ['answers a promise that rejects', () => lost(), 'was sealed to a promise, expected a string'],
  ['answers bytes', (text: string) => Buffer.from(text), 'was sealed to object, expected a string'],
  ['answers nothing', () => undefined, 'was sealed to undefined, expected a string'],
  ['answers an empty text', () => '', 'was sealed to an empty text: stores take that for an ended session'],
  ['answers NUL', () => '\0', 'contains a NUL character']
] as const) {
  t.test(`a seal that ${what} is a 500 that says so, and nothing is stored`, async t => {
    const backend = new MinimalBackend()
    const site = await createSite(t, { backend, encrypt: { seal, open: (text: string) => text } as never })
    const response = await site.browser().attempt(({ session }) => { session.a = 1 })
    t.match(response.json(), { statusCode: 500, code: 'SES_NOT_SERIALIZABLE', message: `The session cannot be stored: \`session\` ${problem}` })
    t.equal(response.headers['set-cookie'], undefined)
    t.equal(backend.records.size, 0)
  })
}

for (const [what, open, detail] of [
  ['throws', () => { throw new Error('no key') }, 'encrypt.open() must answer null for text that it cannot authenticate, and threw'],
  ['answers a promise', (text: string) => later(text), 'encrypt.open() must answer a string or null, got a promise'],
  ['answers a promise that rejects', () => lost(), 'encrypt.open() must answer a string or null, got a promise'],
  ['answers nothing', () => undefined, 'encrypt.open() must answer a string or null, got undefined'],
  ['answers bytes', (text: string) => Buffer.from(text), 'encrypt.open() must answer a string or null, got object']
] as const) {
  t.test(`an open that ${what} is a 500 that the log explains, never "no session"`, async t => {
    const backend = new MemoryBackend()
    let isBroken = false
    const site = await createSite(t, { backend, encrypt: { seal: text => text, open: (text: string) => isBroken ? open(text) as never : text } })
    const browser = site.browser()
    await browser.run(({ session }) => { session.a = 1 })
    isBroken = true
    for (const url of ['/', '/signed-in', '/anonymous']) {
      const response = await browser.attempt(({ session }) => session.a, url)
      t.match(response.json(), { statusCode: 500, code: 'SES_BACKEND_CONTRACT' })
      t.equal(response.headers['set-cookie'], undefined)
    }
    t.match(site.errors(), [{ code: 'SES_BACKEND_CONTRACT', detail }, { detail }, { detail }])
    await t.rejects(site.app.sessions.list(), { code: 'SES_BACKEND_CONTRACT' }, 'nor does a listing leave it out')
    isBroken = false
    t.strictSame(await browser.data(), { a: 1 })
  })
}

const HINT = 'an encryptor has the synchronous functions seal(text, id) and open(text, id)'

for (const [encrypt, message] of [
  [{ open: encryptor.open }, `Expected \`encrypt.seal\` to be a function, got undefined; ${HINT}`],
  [{ seal: encryptor.seal, open: true }, `Expected \`encrypt.open\` to be a function, got true (boolean); ${HINT}`],
  [{ ...encryptor, opens: encryptor.open }, 'Unknown option `encrypt.opens`; the nearest known one is `encrypt.open`'],
  [{ seal: async () => 'x', open: encryptor.open }, `Expected \`encrypt.seal\` to be a synchronous function, got a value of type function; ${HINT}`],
  [{ seal: encryptor.seal, async open () { return null } }, `Expected \`encrypt.open\` to be a synchronous function, got a value of type function; ${HINT}`]
] as const) {
  t.test(`refused: ${message}`, async t => {
    t.match(await refusalOf({ backend: new MinimalBackend(), encrypt }), { code: 'SES_INVALID_OPTIONS', message })
  })
}

t.test('encrypt is refused beside sessions in their cookies, where it would do nothing, and the remedy is named', async t => {
  const backends = [undefined, new CookieBackend(), new CookieBackend({ mode: 'sign' })]
  for (const backend of backends) {
    for (const encrypt of [true, encryptor]) {
      const error = await refusalOf({ secret: SECRET, ...(backend && { backend }), encrypt })
      t.match(error, { code: 'SES_INVALID_OPTIONS', message: /^Expected `encrypt` to be left out with a backend that keeps sessions in their cookies, got .*; CookieBackend encrypts by itself, unless its `mode` is 'sign'; / })
    }
    t.ok(resolveOptions({ secret: SECRET, ...(backend && { backend }), encrypt: false } as SessionOptions))
  }
})

t.test('a new id is sealed for anew', async t => {
  const sealed = new Set<string>()
  const backend = new MemoryBackend()
  const seal = (text: string, id: string): string => {
    sealed.add(id)
    return `${id} ${text}`
  }
  const open = (text: string, id: string): string | null => text.startsWith(`${id} `) ? text.slice(id.length + 1) : null
  const browser = (await createSite(t, { backend, encrypt: { seal, open } })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(({ session }) => session.login('ann'))
  t.strictSame(await browser.data(), { a: 1 })
  t.equal(sealed.size, 2)
})
