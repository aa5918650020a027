import { once } from 'node:events'
import t from 'tap'
import { CookieBackend } from '../../lib/index.ts'
import { createSite } from '../helpers/app.ts'
import { stores } from '../helpers/stores.ts'
import { newPrefix } from '../helpers/redis.ts'

for (const [name, store] of Object.entries(stores)) {
  t.test(`endings of cookie sessions are kept in ${name}: copies end, and later sign-ins are new`, async t => {
    const space = newPrefix().replace(':', '')
    const now = Date.now()
    // One process has such a database to itself.
    const single = name === 'pglite' ? await store.open(t, space) : null
    const create = async () => {
      const revocation = single ?? await store.open(t, space)
      const site = await createSite(t, { backend: new CookieBackend({ revocation, staleness: 0.001 }) })
      site.clock.now = now
      return site
    }
    const [here, elsewhere] = [await create(), await create()]
    const later = (): void => { here.clock.now = elsewhere.clock.now = here.clock.now + 1_000 }
    for (const end of ['destroy', 'regenerateId', 'revoke', 'revokeSubject', 'revokeAll'] as const) {
      later()
      const browser = here.browser()
      await browser.run(({ session }) => session.login('ada', { a: 1 }))
      const far = elsewhere.browser().take(browser)
      t.match(await far.data(), { a: 1 })
      if (end === 'destroy' || end === 'regenerateId') await browser.run(({ session }) => session[end]())
      else await browser.run(({ session }) => here.app.sessions[end](end === 'revoke' ? session.id : end === 'revokeAll' ? undefined as never : 'ada'))
      later()
      t.strictSame(await far.data(), {}, end)
    }
  })
}

for (const name of ['memory', 'redis', 'postgres']) {
  t.test(`${name} reports an ending long before the staleness is over, also to signals`, async t => {
    const space = newPrefix().replace(':', '')
    const create = async () => {
      const site = await createSite(t, { backend: new CookieBackend({ revocation: await stores[name]!.open(t, space), staleness: '1d' }) })
      site.clock.now = Date.now()
      return site
    }
    const [here, elsewhere] = [await create(), await create()]
    for (const end of ['destroy', 'revokeSubject', 'revokeAll'] as const) {
      const browser = here.browser()
      await browser.run(({ session }) => session.login('ada', { a: 1 }))
      const { signal } = await elsewhere.app.sessions.open(browser.header)
      const aborted = once(signal, 'abort')
      if (end === 'destroy') await browser.run(({ session }) => session.destroy())
      else await here.app.sessions[end](end === 'revokeAll' ? undefined as never : 'ada')
      await aborted
      t.equal((await elsewhere.app.sessions.open(browser.header)).subject, null, end)
    }
  })
}
