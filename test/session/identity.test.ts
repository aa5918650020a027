import t from 'tap'
import { createSite, kinds } from '../helpers/app.ts'
import { START } from '../helpers/times.ts'

for (const kind of kinds) {
  t.test(`with the ${kind} backend`, async t => {
    t.test('the id is the same from before the first save on, and never the cookie', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      const ids: string[] = []
      await browser.run(async ({ session }) => {
        ids.push(session.id)
        session.a = 1
        await session.save()
        ids.push(session.id)
      })
      await browser.run(({ session }) => { ids.push(session.id) })
      t.equal(new Set(ids).size, 1)
      for (const value of browser.cookies.values()) t.notOk(value.includes(ids[0]!))
    })

    t.test('reading the id or the dates creates nothing', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      const response = await browser.run(({ session }) => [session.id, session.createdAt, session.lastAccessedAt, session.expiresAt])
      t.equal(response.headers['set-cookie'], undefined)
    })

    t.test('createdAt, lastAccessedAt and expiresAt are dates that follow the clock', async t => {
      const site = await createSite(t, { backend: kind, idleTimeout: 100, absoluteTimeout: 150 })
      const browser = site.browser()
      const dates = ({ session }: any) => [session.createdAt, session.lastAccessedAt, session.expiresAt]
      await browser.run(request => {
        request.session.a = 1
        t.strictSame(dates(request), [new Date(START), new Date(START), new Date(START + 100_000)])
      })
      site.clock.now += 80_000
      await browser.run(() => {})
      await browser.run(request => { t.strictSame(dates(request), [new Date(START), new Date(START), new Date(START + 100_000)]) })
      await browser.run(request => {
        t.strictSame(dates(request), [new Date(START), new Date(START + 80_000), new Date(START + 150_000)], 'the nearer of the two deadlines')
      })
    })

    t.test('isEmpty means the same as for the commit, and names a value that cannot be stored', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      const refused = { code: 'SES_NOT_SERIALIZABLE', detail: /`session\.thing` has a toJSON\(\) that returns nothing/ }
      await browser.run(async ({ session }) => {
        session.absent = undefined
        t.equal(session.isEmpty, true, 'a key set to undefined is absent')
        session.thing = { toJSON () {} }
        t.throws(() => session.isEmpty, refused)
        await t.rejects(session.save(), refused)
        session.delete('thing')
      })
      await browser.run(async request => {
        request.session.a = 1
        const before = request.session
        await request.session.regenerate()
        t.strictSame([before.isEmpty, request.session.isEmpty], [false, true], 'an object that regenerate() left behind shows the past')
      })
    })

    t.test('isNew, isEmpty and isModified tell where a session stands', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      const flags = ({ session }: any) => [session.isLoaded, session.isNew, session.isEmpty, session.isModified]
      await browser.run(async request => {
        t.strictSame(flags(request), [true, true, true, false])
        request.session.a = 1
        t.strictSame(flags(request), [true, true, false, true])
        await request.session.save()
        t.strictSame(flags(request), [true, false, false, false])
      })
      await browser.run(request => {
        t.strictSame(flags(request), [true, false, false, false])
        delete request.session.a
        t.strictSame(flags(request), [true, false, true, true])
      })
    })
  })
}
