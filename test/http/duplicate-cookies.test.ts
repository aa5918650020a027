import t, { type Test } from 'tap'
import { createSite, type Kind, kinds, loose, signedUp } from '../helpers/app.ts'
import { cookieLines, NAME } from '../helpers/cookies.ts'

async function visited (t: Test, kind: Kind) {
  const site = await createSite(t, { backend: kind })
  site.app.get('/', async request => loose(request).get('user') ?? 'nobody')
  site.app.get('/change', async request => { loose(request)['seen'] = 1 })
  const ask = async (...cookies: string[]) => (await site.app.inject({ url: '/', headers: { cookie: cookies.join('; ') } })).payload
  return { ...site, ask }
}

/** Text that has the form of a session and belongs to no session. */
const wrong = (index: number) => `${NAME}=${String(index).repeat(43)}`

for (const kind of kinds) {
  for (let before = 1; before <= 5; before++) {
    t.test(`${kind}: a valid cookie behind ${before} wrong ones of its name is ${before < 4 ? 'found' : 'not tried'}`, async t => {
      const site = await visited(t, kind)
      const valid = await signedUp(site)
      site.operations()
      site.events.length = 0
      t.equal(await site.ask(...Array.from({ length: before }, (_, index) => wrong(index)), valid), before < 4 ? 'ada' : 'nobody')
      t.equal(site.operations().length, Math.min(before + 1, 4))
      t.strictSame(site.events.map(({ type }) => type), [before < 4 ? 'loaded' : 'rejected'])
    })
  }

  t.test(`${kind}: of two valid cookies the first one counts`, async t => {
    const site = await visited(t, kind)
    const [ada, bob] = [await signedUp(site, { user: 'ada' }), await signedUp(site, { user: 'bob' })]
    t.equal(await site.ask(ada, bob), 'ada')
    t.equal(await site.ask(bob, ada), 'bob')
    t.equal(await site.ask(bob, ...Array(9).fill(ada)), 'bob', 'however many there are')
    site.operations()
    await site.ask(ada, bob)
    t.equal(site.operations().length, 1)
  })

  t.test(`${kind}: text that cannot be a token takes the place of none that can, beyond the four`, async t => {
    const site = await visited(t, kind)
    const valid = await signedUp(site)
    t.equal(await site.ask(`${NAME}=`, `${NAME}="x"`, `${NAME}=% `, valid), 'ada')
  })

  t.test(`${kind}: none of several valid is one rejection`, async t => {
    const site = await visited(t, kind)
    t.equal(await site.ask(wrong(1), wrong(2), wrong(3)), 'nobody')
    t.strictSame(site.events.map(({ type }) => type), ['rejected'])
  })

  t.test(`${kind}: the session that was found is the one that is written`, async t => {
    const site = await visited(t, kind)
    const valid = await signedUp(site)
    const response = await site.app.inject({ url: '/change', headers: { cookie: `${wrong(1)}; ${valid}` } })
    t.equal(cookieLines(response).length, kind === 'cookie' ? 1 : 0)
    if (kind === 'memory') t.match((await site.app.sessions.list()).sessions.map(({ data }) => data), [{ user: 'ada', seen: 1 }])
  })
}
