import t from 'tap'
import { devicesSite, idOf, subjectOf } from '../helpers/devices.ts'

t.test('a user ends one session of another browser, and the event says who did it', async t => {
  const site = await devicesSite(t)
  const [one, two, three] = [await site.signIn('ann'), await site.signIn('ann'), await site.signIn('ann')]
  const id = await idOf(two)
  const response = await site.ask(one, 'DELETE', `/${id}`)
  t.match({ status: response.statusCode, body: response.body, cookie: response.headers['set-cookie'] }, { status: 204, body: '', cookie: undefined })
  t.strictSame([await subjectOf(one), await subjectOf(two), await subjectOf(three)], ['ann', 'nobody', 'ann'])
  t.match(site.events.filter(({ type }) => type === 'revoked'), [{ id, cause: 'revoke', reason: 'device', actor: 'ann' }])
})

t.test('who ends the session of the request is signed out', async t => {
  const site = await devicesSite(t)
  const [one, two] = [await site.signIn('ann'), await site.signIn('ann')]
  t.equal((await site.ask(one, 'DELETE', `/${await idOf(one)}`)).statusCode, 204)
  t.equal(one.header, '', 'the cookie is cleared')
  t.strictSame([await subjectOf(one), await subjectOf(two)], ['nobody', 'ann'])
})

t.test('a session of somebody else is not there, nor one that is unknown or has ended', async t => {
  const site = await devicesSite(t)
  const [ann, bob, guest] = [await site.signIn('ann'), await site.signIn('bob'), site.browser()]
  await guest.run(({ session }) => { session.basket = [] })
  const ended = await idOf(await site.signIn('ann'))
  await site.app.sessions.revoke(ended)
  const moved = await site.signIn('ann')
  const before = await idOf(moved)
  await moved.run(async ({ session }) => { await session.regenerateId() })
  const ids = [
    await idOf(bob), await idOf(guest), ended, before, '0'.repeat(64), 'x', '__proto__', 'constructor', '%00', '..%2f..', '%F0%9F%8D%B5',
    (await idOf(ann)).toUpperCase(), `${await idOf(ann)}%20`, '*', 'a'.repeat(100)
  ]
  const messages = new Set<string>()
  for (const id of ids) {
    const answer = (await site.ask(ann, 'DELETE', `/${id}`)).json()
    t.match(answer, { statusCode: 404, error: 'Not Found' }, id)
    messages.add(answer.message)
  }
  t.equal(messages.size, 1, 'and no answer tells which')
  t.strictSame([await subjectOf(ann), await subjectOf(bob), await subjectOf(moved)], ['ann', 'bob', 'ann'])
  t.strictSame(await guest.data(), { basket: [] })
})

t.test('an id that is no part of a path ends nothing', async t => {
  const site = await devicesSite(t)
  const [ann, other] = [await site.signIn('ann'), await site.signIn('ann')]
  for (const path of [`/${'a'.repeat(500)}`, '/%', '/a/b']) t.ok([400, 404, 414].includes((await site.ask(ann, 'DELETE', path)).statusCode), path)
  t.strictSame([await subjectOf(ann), await subjectOf(other)], ['ann', 'ann'])
})

t.test('a user signs out everywhere else, and is told how many sessions that were', async t => {
  const site = await devicesSite(t)
  const [one, two, three, bob] = [await site.signIn('ann'), await site.signIn('ann'), await site.signIn('ann'), await site.signIn('bob')]
  t.strictSame((await site.ask(one, 'DELETE')).json(), { removed: 2 })
  t.strictSame(await Promise.all([one, two, three, bob].map(subjectOf)), ['ann', 'nobody', 'nobody', 'bob'])
  t.match(site.events.filter(({ type }) => type === 'revoked'), [{ subject: 'ann', cause: 'revoke', reason: 'device', actor: 'ann' }])
  t.strictSame((await site.ask(one, 'DELETE')).json(), { removed: 0 })
})

t.test('a store that is down is a 503, and ends nothing', async t => {
  const site = await devicesSite(t)
  const [one, two] = [await site.signIn('ann'), await site.signIn('ann')]
  site.backend.fail('removeSubject')
  t.match((await site.ask(one, 'DELETE')).json(), { statusCode: 503, code: 'SES_BACKEND_UNAVAILABLE' })
  site.backend.heal()
  t.equal(await subjectOf(two), 'ann')
})
