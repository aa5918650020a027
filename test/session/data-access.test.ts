import { inspect } from 'node:util'
import t from 'tap'
import { createSite, kinds, SECRET } from '../helpers/app.ts'

for (const kind of kinds) {
  t.test(`with the ${kind} backend`, async t => {
    t.test('keys are plain properties', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => { session.a = 1; session.b = 2 })
      await browser.run(({ session }) => { session.a++; delete session.b })
      t.strictSame(await browser.data(), { a: 2 })
    })

    t.test('a change deep inside a value is a change', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => { session.basket = { items: [{ n: 1 }] } })
      await browser.run(({ session }) => {
        t.equal(session.isModified, false)
        session.basket.items[0].n = 2
        t.equal(session.isModified, true)
        session.basket.items.push({ n: 3 })
      })
      t.strictSame(await browser.data(), { basket: { items: [{ n: 2 }, { n: 3 }] } })
    })

    t.test('a key that is set to undefined is absent', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => { session.a = 1; session.b = 1 })
      await browser.run(({ session }) => {
        session.a = undefined
        t.equal(session.has('a'), false)
        t.strictSame(session.data(), { b: 1 })
        t.equal(session.set('b', undefined), session)
        t.equal(session.isEmpty, true)
      })
      t.strictSame(await browser.data(), {})
      t.equal(browser.cookies.size, 0, 'and a session of absent keys is empty')
    })

    t.test('the methods do the same', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => {
        t.equal(session.set('a', 1), session)
        t.equal(session.update({ b: 2, c: 3 }), session)
        t.equal(session.get('a'), 1)
        t.equal(session.has('b'), true)
        t.equal(session.delete('b'), true)
        t.equal(session.delete('b'), false)
        t.equal(session.get('b'), undefined)
      })
      t.strictSame(await browser.data(), { a: 1, c: 3 })
    })

    t.test('clear() drops the data and the subject', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => session.login('ann', { a: 1 }))
      await browser.run(({ session }) => {
        session.clear()
        t.equal(session.isEmpty, true)
        session.b = 2
      })
      await browser.run(({ session }) => {
        t.equal(session.subject, null)
        t.strictSame(session.data(), { b: 2 })
      })
    })

    t.test('only the data can be seen from outside, and no secret', async t => {
      const browser = (await createSite(t, { backend: kind })).browser()
      await browser.run(({ session }) => { session.a = 1 })
      await browser.run(({ session }) => {
        t.strictSame(Object.keys(session), ['a'])
        t.strictSame(Reflect.ownKeys(session), ['a'])
        t.equal(JSON.stringify(session), '{"a":1}')
        t.strictSame({ ...session }, { a: 1 })
        const shown = inspect(session, { depth: 20, showHidden: true })
        t.match(shown, /a: 1/)
        for (const secret of [SECRET, ...browser.cookies.values()]) t.notOk(shown.includes(secret))
      })
    })
  })
}

t.test('data() is a copy', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(({ session }) => {
    session.list = [1]
    const copy = session.data()
    copy.list.push(2)
    t.strictSame(session.list, [1])
    t.equal(Object.getPrototypeOf(copy), Object.prototype)
  })
})

t.test('what objects inherit is no data', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(({ session }) => {
    t.equal(session.get('toString'), undefined)
    t.equal(session.has('constructor'), false)
  })
})
