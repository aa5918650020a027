import t from 'tap'
import { createSite, kinds } from '../helpers/app.ts'
import { MINUTE_MS, START } from '../helpers/times.ts'

for (const kind of kinds) {
  t.test(`with seenEvery, lastAccessedAt is at most so old (${kind})`, async t => {
    const { browser: open, clock } = await createSite(t, { backend: kind, seenEvery: '5m' })
    const browser = open()
    const seen = async (url = '/') => Date.parse((await browser.run(({ session }) => session.lastAccessedAt, url)).json()) - START
    await browser.run(({ session }) => { session.a = 1 })
    clock.now += 5 * MINUTE_MS - 1
    await seen()
    t.equal(await seen(), 0, 'not yet')
    clock.now += 1
    await seen('/passive')
    t.equal(await seen('/passive'), 0, 'passive requests are no use')
    await seen()
    t.equal(await seen(), 5 * MINUTE_MS)
  })
}

t.test('it costs one touch for each interval', async t => {
  const { browser: open, clock, operations } = await createSite(t, { backend: 'memory', seenEvery: '5m' })
  const browser = open()
  await browser.run(({ session }) => { session.a = 1 })
  operations()
  const counted: string[] = []
  for (let minute = 0; minute < 30; minute++) {
    clock.now += MINUTE_MS
    await browser.run(({ session }) => session.a)
    counted.push(...operations().filter(operation => operation !== 'read'))
  }
  t.strictSame(counted, Array(6).fill('touch'))
})

t.test('it goes on where the absolute deadline is the nearer one', async t => {
  const { browser: open, clock, operations } = await createSite(t, { backend: 'memory', seenEvery: '1m', idleTimeout: '1h', absoluteTimeout: '1h' })
  const browser = open()
  await browser.run(({ session }) => { session.a = 1 })
  clock.now += MINUTE_MS
  operations()
  await browser.run(({ session }) => session.a)
  t.strictSame(operations(), ['read', 'touch'])
})

t.test('a duration that is none is refused', async t => {
  for (const seenEvery of [0, -1, 'often', null]) {
    await t.rejects(createSite(t, { seenEvery: seenEvery as never }), { code: 'SES_INVALID_OPTIONS', message: /`seenEvery`/ })
  }
})
