import t from 'tap'
import { type ExpressStore, fromExpressStore } from '../../lib/express-store.ts'
import { createSite } from '../helpers/app.ts'
import { Gate } from '../helpers/gate.ts'

// Stores that keep files answer ENOENT for a session that is gone, where most answer with nothing.

interface FileStore extends ExpressStore { readonly sessions: Map<string, string> }

function fileStore (): FileStore {
  const sessions = new Map<string, string>()
  const missing = () => Object.assign(new Error('ENOENT: no such file or directory'), { code: 'ENOENT' })
  return {
    sessions,
    get: (id, done) => { sessions.has(id) ? done(null, JSON.parse(sessions.get(id)!)) : done(missing()) },
    set: (id, session, done) => { sessions.set(id, JSON.stringify(session)); done!() },
    destroy: (id, done) => { sessions.delete(id) ? done!() : done!(missing()) }
  }
}

t.test('with a cookie whose session is gone from a store of files, one is a stranger and can sign in', async t => {
  const store = fileStore()
  const browser = (await createSite(t, { backend: fromExpressStore(store) })).browser()
  await browser.run(({ session }) => session.login('ann'))
  store.sessions.clear()
  t.equal((await browser.run(({ session }) => session.isNew)).body, 'true')
  await browser.run(({ session }) => session.login('ann'))
  t.equal((await browser.run(({ session }) => session.subject)).body, 'ann')
})

t.test('a stranger with many made-up cookies takes a store of files down for nobody', async t => {
  const site = await createSite(t, { backend: fromExpressStore(fileStore()) })
  const browser = site.browser()
  await browser.run(({ session }) => session.login('ann'))
  const [name] = [...browser.cookies.keys()]
  for (let n = 0; n < 20; n++) {
    const madeUp = String(n).padStart(43, 'A')
    t.equal((await site.call('/', `${name}=${madeUp}`, ({ session }) => session.isNew)).body, 'true')
  }
  t.equal((await browser.run(({ session }) => session.subject)).body, 'ann')
  t.equal(site.events.some(({ type }) => type === 'unavailable'), false)
})

t.test('a logout beside a request that writes is no error for either, with a store of files', async t => {
  const site = await createSite(t, { backend: fromExpressStore(fileStore()) })
  const browser = site.browser()
  await browser.run(({ session }) => session.login('ann'))
  const gate = new Gate()
  const slow = browser.copy().attempt(async ({ session }) => {
    session.n = 1
    await gate.pass()
    return 'done'
  })
  await gate.reached
  t.equal((await browser.run(({ session }) => session.destroy())).statusCode, 200)
  gate.open()
  const { statusCode, body } = await slow
  t.strictSame([statusCode, body], [200, 'done'])
})

t.test('what administers sessions knows none that is gone from a store of files', async t => {
  const store = fileStore()
  const { app } = await createSite(t, { backend: fromExpressStore(store) })
  const { id, cookie } = await app.sessions.create({}, { subject: 'ann' })
  store.sessions.clear()
  t.equal(await app.sessions.get(id), null)
  t.equal(await app.sessions.exists(id), false)
  t.equal((await app.sessions.open(cookie)).isNew, true)
  await t.resolves(app.sessions.revoke(id))
})
