import assert from 'node:assert/strict'
import { test } from 'node:test'
import rateLimit from '@fastify/rate-limit'
import { addAccount, Browser, createSite, kinds, setCookies } from './helpers/site.js'

for (const kind of kinds) {
  test(`${kind}: who is signed in is counted by session, who is not by address, and a 429 sets no cookie`, async t => {
    const app = await createSite(t, { kind })
    await app.register(rateLimit, {
      global: false,
      keyGenerator: ({ session, ip }) => session.subject === null ? ip : session.id
    })
    await addAccount(app)
    app.get('/search', { config: { rateLimit: { max: 2, timeWindow: '1 minute' } } }, async ({ session }) => {
      session.searches = (session.searches ?? 0) + 1
      return session.searches
    })
    const [ann, bob, stranger, other] = Array.from({ length: 4 }, () => new Browser(app))
    await ann.post('/sign-in/ann')
    await bob.post('/sign-in/bob')
    const search = async browser => (await browser.get('/search')).statusCode
    assert.deepEqual([await search(ann), await search(ann), await search(ann)], [200, 200, 429])
    assert.deepEqual([await search(bob), await search(bob), await search(bob)], [200, 200, 429])
    assert.deepEqual([await search(stranger), await search(other), await search(stranger)], [200, 200, 429])
    const refused = await ann.get('/search')
    assert.deepEqual([refused.statusCode, setCookies(refused)], [429, []])
    assert.equal((await ann.get('/me')).body, 'ann')
  })
}
