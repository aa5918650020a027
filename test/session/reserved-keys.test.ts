import { runInThisContext } from 'node:vm'
import t from 'tap'
import { ReservedKeyError } from '../../lib/index.ts'
import { RESERVED_KEYS } from '../../lib/payload/reserved.ts'
import { createSite } from '../helpers/app.ts'

// Modules are strict code. `new Function` makes sloppy code, where a refused assignment is silent unless a setter throws.
// A script is sloppy; modules are not.
const sloppySet: (object: unknown, key: string, value: unknown) => void = runInThisContext('(object, key, value) => { object[key] = value }')
const PROTO = '__proto__'
const reserved = { name: 'ReservedKeyError', code: 'SES_RESERVED_KEY' }

t.test('no member can be assigned, in sloppy mode neither', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(({ session }) => {
    for (const key of RESERVED_KEYS) {
      t.throws(() => { session[key] = 1 }, reserved, key)
      t.throws(() => sloppySet(session, key, 1), reserved, key)
    }
    t.strictSame(session.data(), {})
    t.equal(typeof session.save, 'function')
  })
})

t.test('set, update and login refuse __proto__ before they change anything', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(async ({ session }) => {
    t.throws(() => session.set(PROTO, 1), reserved)
    t.throws(() => session.update(JSON.parse('{"a":1,"__proto__":{"isAdmin":true}}')), reserved)
    await t.rejects(session.login('ann', JSON.parse('{"__proto__":{"isAdmin":true}}')), reserved)
    t.strictSame([session.data(), session.subject], [{}, null])
  })
})

t.test('names of planned members are kept free', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(({ session }) => {
    for (const key of ['signal', 'reauthenticate', 'cookie', 'sessionId']) t.throws(() => { session[key] = 1 }, reserved)
  })
})

t.test('a member that was forced upon the object is refused when it is stored', async t => {
  const browser = (await createSite(t)).browser()
  const response = await browser.attempt(({ session }) => {
    Object.defineProperty(session, 'subject', { value: 'root', enumerable: true, configurable: true })
  })
  t.equal(response.statusCode, 500)
  t.equal(response.json().code, 'SES_RESERVED_KEY')
})

t.test('__proto__ is what it is, and cannot be replaced', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(({ session }) => {
    const prototype = Object.getPrototypeOf(session)
    t.throws(() => { session[PROTO] = { isAdmin: true } }, reserved)
    t.equal(session[PROTO], prototype)
    t.throws(() => session.update(JSON.parse('{"__proto__":{"isAdmin":true}}')), reserved)
    t.equal(session.isAdmin, undefined)
  })
})

t.test('request.session cannot be assigned, in sloppy mode neither', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(request => {
    for (const value of [{}, null, undefined]) {
      t.throws(() => { request.session = value }, ReservedKeyError)
      t.throws(() => sloppySet(request, 'session', value), reserved)
    }
    request.session.a = 1
  })
  t.strictSame(await browser.data(), { a: 1 })
})

t.test('a child scope that decorates requests with the same name does no harm', async t => {
  const { app } = await createSite(t)
  await app.register(async child => {
    child.decorateRequest('session', null as never)
    child.get('/child', async request => request.session.set('from', 'child').data())
  })
  const response = await app.inject('/child')
  t.equal(response.statusCode, 200)
  t.strictSame(response.json(), { from: 'child' })
})
