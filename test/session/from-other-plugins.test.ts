import t from 'tap'
import { createSite, kinds } from '../helpers/app.ts'

// What code does that was written for a different session plugin.

for (const kind of kinds) {
  t.test(`${kind}: delete() without a key throws, and leaves nobody signed in in silence`, async t => {
    const browser = (await createSite(t, { backend: kind })).browser()
    await browser.run(async ({ session }) => { await session.login('ann', { a: 1 }) })
    await browser.run(({ session }) => {
      for (const attempt of [() => session.delete(), () => session.delete(undefined)]) {
        t.throws(attempt, { code: 'SES_NOT_SUPPORTED', message: 'delete() does not support a call without a key: to end the session, call destroy()' })
      }
      t.equal(session.delete('a'), true)
    })
  })

  t.test(`${kind}: sessionId is the id, before and after a load, and no key of the data`, async t => {
    const browser = (await createSite(t, { backend: kind })).browser()
    await browser.run(async ({ session }) => {
      session.a = 1
      t.equal(session.sessionId, session.id)
      await session.login('ann')
      t.equal(session.sessionId, session.id)
      t.strictSame(Object.keys(session), ['a'])
      t.throws(() => { session.sessionId = 'x' }, { code: 'SES_RESERVED_KEY' })
    })
    await browser.run(({ session }) => { t.throws(() => session.sessionId, { code: 'SES_NOT_LOADED' }) }, '/by-hand')
  })

  t.test(`${kind}: a session that is assigned says what to call instead`, async t => {
    const browser = (await createSite(t, { backend: kind })).browser()
    await browser.run(request => {
      for (const [value, remedy] of [[{ user: 'ann' }, 'to replace its data, call clear() and update()'], [null, 'to end the session, call destroy()'], [undefined, 'to end the session, call destroy()']] as const) {
        t.throws(() => { request.session = value }, { code: 'SES_RESERVED_KEY', message: `\`request.session\` cannot be assigned: ${remedy}` })
      }
    })
  })

  t.test(`${kind}: a change after destroy() says what to call instead`, async t => {
    const browser = (await createSite(t, { backend: kind })).browser()
    await browser.run(({ session }) => { session.a = 1 })
    await browser.run(async request => {
      const { session } = request
      await session.destroy()
      for (const attempt of [() => { request.session.flash = 'bye' }, () => session.set('flash', 'bye'), () => { delete request.session.a }]) {
        t.throws(attempt, { code: 'SES_DESTROYED', message: /to go on with a new session, call regenerate\(\) in place of destroy\(\)$/ })
      }
    })
  })

  t.test(`${kind}: update() and login() take an object, and store no letters one by one`, async t => {
    const browser = (await createSite(t, { backend: kind })).browser()
    await browser.run(async ({ session }) => {
      for (const [value, given] of [['xy', 'string'], [['x'], 'an array'], [7, 'number'], [null, 'null']] as const) {
        t.throws(() => session.update(value), { code: 'SES_NOT_SERIALIZABLE', message: new RegExp(`from an object, got ${given}$`) })
        if (value !== null) await t.rejects(session.login('ann', value), { code: 'SES_NOT_SERIALIZABLE' })
      }
      t.strictSame([session.data(), session.subject], [{}, null])
      await session.login('ann', null)
      t.equal(session.subject, 'ann')
    })
  })

  t.test(`${kind}: an integer is a subject, kept as text, and no other number is`, async t => {
    const browser = (await createSite(t, { backend: kind })).browser()
    await browser.run(async ({ session }) => {
      await session.login(42)
      t.equal(session.subject, '42')
      for (const subject of [1.5, NaN, Infinity, 2 ** 53, 42n, true, {}]) await t.rejects(session.login(subject), { code: 'SES_NOT_SERIALIZABLE' }, String(subject))
    })
    t.equal((await browser.run(({ session }) => session.subject)).body, '42')
  })
}
