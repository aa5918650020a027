import t from 'tap'
import { RESERVED_KEYS } from '../../lib/payload/reserved.ts'
import { createSite, kinds, loose, type LooseSession } from '../helpers/app.ts'
import { twoProcesses } from '../helpers/race.ts'

// Every name that the session keeps for itself, but the one that is no key anywhere.
const NAMES = [...RESERVED_KEYS].filter(name => name !== '__proto__')
const ALL = Object.fromEntries(NAMES.map((name, index) => [name, { n: index }]))

/** The session works as ever: no key hides a member. */
function assertWhole (t: { equal (a: unknown, b: unknown): unknown }, session: LooseSession, subject: string | null): void {
  t.equal(typeof session.data, 'function')
  t.equal(typeof session.save, 'function')
  t.equal(session.subject, subject)
  t.equal(Object.keys(session).some(key => RESERVED_KEYS.has(key)), false)
}

for (const kind of kinds) {
  t.test(`with the ${kind} backend, names of members are keys like any other`, async t => {
    const ways: Record<string, (session: LooseSession) => unknown> = {
      set: session => { for (const name of NAMES) session.set(name, ALL[name]) },
      update: session => session.update({ ...ALL, user: 'ann' }),
      login: session => session.login('ann', ALL)
    }
    for (const [way, write] of Object.entries(ways)) {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(async request => {
        await write(loose(request))
        loose(request).set('user', 'ann')
        t.strictSame(loose(request).data(), { ...ALL, user: 'ann' }, way)
      })
      await browser.run(request => {
        const session = loose(request)
        assertWhole(t, session, way === 'login' ? 'ann' : null)
        for (const name of NAMES) t.strictSame([session.get(name), session.has(name)], [ALL[name], true], `${way} ${name}`)
        t.strictSame(session.data(), { ...ALL, user: 'ann' })
        session.get('id').n = 'changed inside'
        t.equal(session.delete('data'), true)
        t.equal(session.delete('data'), false)
        session.set('save', undefined)
      })
      await browser.run(request => {
        const session = loose(request)
        t.strictSame([session.get('id'), session.has('data'), session.has('save')], [{ n: 'changed inside' }, false, false])
        session.clear()
        t.strictSame([session.data(), session.isEmpty], [{}, true])
      })
      t.strictSame(await browser.data(), {})
    }
  })

  t.test(`with the ${kind} backend, a session made elsewhere keeps them, and migrate sees them`, async t => {
    const migrate = (data: Record<string, unknown>) => ({ ...data, wasId: data['id'] })
    const old = await createSite(t, { backend: kind })
    const { cookie } = await old.app.sessions.create(ALL)
    const site = await createSite(t, { backend: old.backend, schemaVersion: 2, migrate })
    const { body } = await site.call('/', cookie, request => loose(request).data())
    t.strictSame(JSON.parse(body), { ...ALL, wasId: ALL['id'] })
  })
}

t.test('transaction and regenerate keep them', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(async request => {
    const session = loose(request)
    await session.transaction((data: any) => { data.id = 1; data.cookie = 2 })
    t.strictSame(session.data(), { id: 1, cookie: 2 })
    assertWhole(t, session, null)
    await session.regenerate(['id'])
    t.strictSame([loose(request).data(), session.data()], [{ id: 1 }, { id: 1, cookie: 2 }])
    loose(request).set('save', 3)
    await loose(request).reload()
    t.strictSame(loose(request).data(), { id: 1 })
  })
  t.equal((await browser.attempt(request => loose(request).get('id'))).body, '1')
})

t.test('what a parallel request stores under such a name appears, and is kept', async t => {
  const both = await twoProcesses(t, {}, { data: { a: 1 }, id: 1, gone: 1, load: 1 })
  const { body } = await both.race(async session => {
    session.get('data').b = 2
    await session.save()
    assertWhole(t, session, null)
    return session.data()
  }, session => {
    session.get('data').c = 3
    session.set('id', 2).set('save', 'new').delete('load')
  })
  t.strictSame(body.result, { data: { a: 1, b: 2, c: 3 }, id: 2, gone: 1, save: 'new' })
  t.strictSame(await both.data(), body.result)
})

t.test('as a property such a key cannot be written, and the error says how to', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(request => {
    for (const name of NAMES) {
      t.throws(() => { loose(request)[name] = 1 }, { code: 'SES_RESERVED_KEY', message: new RegExp(`call set\\('${name}', …\\)$`) })
    }
    t.strictSame(loose(request).data(), {})
  })
})
