import t from 'tap'
import { createSite, kinds } from '../helpers/app.ts'
import { cookieLines } from '../helpers/cookies.ts'

for (const kind of kinds) {
  t.test(`${kind}: a sign-in with data that do not fit the schema is refused, and the session goes on as it was`, async t => {
    const schema = { type: 'object', properties: { a: { type: 'integer' } } }
    const browser = (await createSite(t, { backend: kind, schema })).browser()
    await browser.run(({ session }) => { session.a = 1 })
    const response = await browser.run(async ({ session }) => {
      await t.rejects(session.login('ann', { a: 'text' }), { code: 'SES_INVALID_DATA' })
      t.strictSame([session.data(), session.subject], [{ a: 1 }, null])
    })
    t.strictSame(cookieLines(response), [])
    t.strictSame(await browser.data(), { a: 1 })
  })
}

t.test('a sign-in with more than a cookie session may hold is refused, and its cookie is not sent', async t => {
  const browser = (await createSite(t, { backend: 'cookie' })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  const response = await browser.run(async ({ session }) => {
    await t.rejects(session.login('ann', { text: 'x'.repeat(8_000) }), { code: 'SES_TOO_LARGE' })
  })
  t.strictSame(cookieLines(response), [])
  t.strictSame(await browser.data(), { a: 1 })
})

t.test('a sign-in where the session was gone is one to go on with', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session }) => {
    await browser.copy().run(other => other.session.destroy())
    session.a = 2
    await t.rejects(session.save(), { code: 'SES_DESTROYED' })
    await session.login('ann')
    session.b = 2
    await session.save()
    session.c = 3
  })
  t.strictSame(await browser.data(), { b: 2, c: 3 })
})
