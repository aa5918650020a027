import t from 'tap'
import { createSite, kinds } from '../helpers/app.ts'

const operations = ['load', 'save', 'reload', 'regenerate', 'regenerateId', 'login', 'destroy']
const argumentsOf = (operation: string): unknown[] => operation === 'login' ? ['ann'] : []

for (const kind of kinds) {
  t.test(`with the ${kind} backend`, async t => {
    for (const operation of operations) {
      t.test(`${operation} returns a promise of nothing`, async t => {
        const browser = (await createSite(t, { backend: kind })).browser()
        await browser.run(async ({ session }) => {
          session.a = 1
          const promise = session[operation](...argumentsOf(operation))
          t.type(promise, Promise)
          t.equal(await promise, undefined)
        })
      })

      t.test(`${operation} takes a callback and returns nothing`, async t => {
        const browser = (await createSite(t, { backend: kind })).browser()
        await browser.run(async ({ session }) => {
          session.a = 1
          let isCalled = false
          const error = await new Promise(resolve => {
            t.equal(session[operation](...argumentsOf(operation), (error: unknown) => { isCalled = true; resolve(error) }), undefined)
            t.equal(isCalled, false, 'it never calls back before it has returned')
          })
          t.equal(error, null)
        })
      })
    }
  })
}

t.test('an error goes to the callback', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(async request => {
    const { session } = request
    await session.destroy()
    for (const operation of operations.filter(operation => operation !== 'destroy')) {
      const error: any = await new Promise(resolve => { session[operation](...argumentsOf(operation), resolve) })
      t.equal(error.code, 'SES_DESTROYED', operation)
    }
  })
})

t.test('load takes a callback where the session is not loaded', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(({ session }) => { session.a = 1 })
  await browser.run(async ({ session }) => {
    t.equal(await new Promise(resolve => { t.equal(session.load(resolve), undefined) }), null)
    t.equal(session.a, 1)
  }, '/by-hand')
})

t.test('the optional arguments before a callback may be left out or undefined', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(async request => {
    const call = (operation: string, ...args: unknown[]) => new Promise(resolve => { request.session[operation](...args, resolve) })
    request.session.a = 1
    await call('login', 'ann', { b: 2 })
    t.strictSame([request.session.subject, request.session.data()], ['ann', { a: 1, b: 2 }])
    await call('login', 'ann', undefined)
    t.equal(request.session.subject, 'ann')
    await call('regenerate', ['a'])
    t.strictSame(request.session.data(), { a: 1 })
    await call('regenerate', undefined)
    t.strictSame(request.session.data(), {})
  })
})
