import t from 'tap'
import { fromExpressStore } from '../../../lib/express-store.ts'
import { testBackend } from '../../../lib/testing/index.ts'
import { createSite } from '../../helpers/app.ts'
import { createExpress, done, EXPRESS_SECRET } from '../../helpers/express.ts'
import { expressStores } from '../../helpers/express-stores.ts'

const layout = { cookieSecret: EXPRESS_SECRET }
const NAME = 'connect.sid'
const DAY_MS = 86_400_000

for (const [name, open] of Object.entries(expressStores)) {
  const start = async (t: any, options = {}) => {
    const store = await open(t)
    const cookie = { name: NAME, secure: false }
    const site = await createSite(t, { backend: fromExpressStore(store, { layout }), cookie, now: Date.now, ...options })
    return { site, store, browser: site.browser(), express: await createExpress(t, { store, cookie: { maxAge: DAY_MS }, rolling: true }) }
  }

  t.test(`${name}: what Express began goes on in Fastify, and the other way round, change by change`, async t => {
    const { express, browser } = await start(t)
    await express.visit(browser, ({ session }) => { session.user = 'ada'; session.basket = { tea: 1 } })
    t.strictSame(await browser.data(), { user: 'ada', basket: { tea: 1 } })
    await browser.run(({ session }) => { session.basket.milk = 2 })
    t.strictSame(await express.visit(browser, ({ session }) => session.basket), { tea: 1, milk: 2 })
    await express.visit(browser, ({ session }) => { delete session.basket.tea; session.n = 1 })
    t.strictSame(await browser.data(), { user: 'ada', basket: { milk: 2 }, n: 1 })
    t.equal(browser.cookies.size, 1)
  })

  t.test(`${name}: a session that Fastify began goes on in Express, with its id and its subject`, async t => {
    const { express, browser } = await start(t)
    await browser.run(({ session }) => session.login('ada', { role: 'user' }))
    const id = await express.visit(browser, ({ session, sessionID }) => { session.n = 1; return sessionID })
    await browser.run(({ session }) => {
      t.match({ id: session.id, subject: session.subject, data: session.data() }, { id, subject: 'ada', data: { role: 'user', n: 1 } })
    })
  })

  t.test(`${name}: whoever ends the session ends it for both`, async t => {
    const { express, browser, site } = await start(t)
    await express.visit(browser, ({ session }) => { session.user = 'ada' })
    const thief = browser.copy()
    await browser.run(({ session }) => session.destroy())
    t.equal(await express.visit(thief, ({ session }) => session.user), null)
    await browser.run(({ session }) => session.login('bob', { user: 'bob' }))
    const other = browser.copy()
    await express.visit(browser, ({ session }) => done(callback => session.destroy(callback)))
    t.strictSame(await other.data(), {})
    await browser.run(({ session }) => { session.n = 1 })
    const third = browser.copy()
    let id = ''
    await browser.run(({ session }) => { id = session.id })
    await site.app.sessions.revoke(id)
    t.strictSame([await express.visit(third, ({ session }) => session.n), await third.data()], [null, {}])
  })

  t.test(`${name}: a new id of either side leaves nothing under the old one`, async t => {
    const { express, browser } = await start(t)
    await express.visit(browser, ({ session }) => { session.n = 1 })
    const guest = browser.copy()
    await browser.run(({ session }) => session.login('ada', { user: 'ada' }))
    t.equal(await express.visit(browser, ({ session }) => session.user), 'ada')
    t.equal(await express.visit(guest, ({ session }) => session.n), null)
    const old = browser.copy()
    await express.visit(browser, async request => {
      await done(callback => request.session.regenerate(callback))
      request.session.user = 'bob'
    })
    t.strictSame(await browser.data(), { user: 'bob' })
    t.strictSame(await old.data(), {})
  })

  t.test(`${name}: a change of Express beside a request of Fastify is merged by path`, async t => {
    const { express, browser } = await start(t)
    await browser.run(({ session }) => { session.mine = 0; session.theirs = 0 })
    await browser.run(async ({ session }) => {
      session.mine = 1
      await express.visit(browser.copy(), ({ session }) => { session.theirs = 1 })
    })
    t.strictSame(await browser.data(), { mine: 1, theirs: 1 })
  })

  t.test(`${name}: a request of Fastify brings nothing back that Express has ended meanwhile`, async t => {
    const { express, browser } = await start(t)
    await browser.run(({ session }) => { session.n = 0 })
    const other = browser.copy()
    await browser.run(async ({ session }) => {
      session.n = 1
      await express.visit(browser.copy(), ({ session }) => done(callback => session.destroy(callback)))
    })
    t.strictSame(await other.data(), {})
  })

  const all = name === 'connect-pg-simple' ? {} : { list: true, count: true, removeAll: true, labels: true }
  t.test(`${name} keeps what the kit asks of such a store`, async t => {
    const shared = await open(t)
    const opened = async () => name === 'connect-pg-simple' ? shared : await open(t)
    await testBackend(t, async () => fromExpressStore(await opened(), { layout }), { expires: true, registrations: false, ...all })
  })
}
