import { hash } from 'node:crypto'
import t, { type Test } from 'tap'
import { tombstone } from '../../lib/record/record.ts'
import { createSite, type SiteOptions } from '../helpers/app.ts'
import { MINUTE_MS } from '../helpers/times.ts'

/** The record that counts the sign-ins of ann which are under way. */
const PLACES = hash('sha256', 'session:revoked ann', 'hex')

async function limited (t: Test, maxSessionsPerSubject: number, options: SiteOptions = {}) {
  const site = await createSite(t, { backend: 'memory' as const, maxSessionsPerSubject, ...options } as SiteOptions & { backend: 'memory' })
  const { random } = Math
  t.teardown(() => { Math.random = random })
  // Pauses between tries take no time.
  Math.random = () => 0
  const signIn = async () => {
    const browser = site.browser()
    site.clock.now += 1
    const { statusCode } = await browser.attempt(({ session }) => session.login('ann'))
    return { browser, status: statusCode }
  }
  /** Sign-ins of processes that have died. */
  const died = async (count: number) => {
    const pending = Array.from({ length: count }, (_, n) => [hash('sha256', `dead ${n}`, 'hex'), site.clock.now] as const)
    await site.backend.write(PLACES, tombstone(PLACES, site.clock.now, { pending }), undefined, { data: {} })
    return pending.map(([id]) => id)
  }
  const alive = async ({ browser }: Awaited<ReturnType<typeof signIn>>) => (await browser.run(({ session }) => session.subject ?? '-')).body === 'ann'
  return { ...site, signIn, died, alive }
}

t.test('a sign-in of a process that died makes room, after it was waited for', async t => {
  const { signIn, died, alive, backend } = await limited(t, 1)
  const [dead] = await died(1)
  const late = await signIn()
  t.strictSame([late.status, await alive(late)], [200, true])
  t.match(await backend.read(dead!), { data: '', meta: { reason: 'evicted' } }, 'and cannot be stored any more')
})

t.test('more sign-ins under way than the record has room for are a conflict', async t => {
  const { signIn, died, clock } = await limited(t, 30)
  await died(20)
  t.equal((await signIn()).status, 409)
  clock.now += 6 * MINUTE_MS
  t.equal((await signIn()).status, 200)
})

t.test('a limit above one page of a listing counts all', async t => {
  const { app, signIn } = await limited(t, 102, { onLimit: 'reject' })
  for (let n = 0; n < 101; n++) await app.sessions.create({ n } as never, { subject: 'ann' })
  t.equal((await signIn()).status, 200)
  t.equal((await signIn()).status, 403)
})

t.test('of sessions from before 0.2.0 the oldest makes room', async t => {
  const { app, signIn, backend, alive, clock } = await limited(t, 2)
  const { id } = await app.sessions.create({ a: 1 } as never, { subject: 'ann' })
  clock.now += 1
  await app.sessions.create({ a: 2 } as never, { subject: 'ann' })
  await backend.write(id, { ...(await backend.read(id))!, version: 7, meta: null }, undefined, { data: {} })
  const late = await signIn()
  t.strictSame([await alive(late), await app.sessions.exists(id)], [true, false])
})

t.test('a session that is getting a new id is waited for a moment', async t => {
  const { signIn, alive, backend } = await limited(t, 1)
  const first = await signIn()
  let late: Awaited<ReturnType<typeof signIn>> | undefined
  await first.browser.attempt(async ({ session }) => {
    let writes = 0
    backend.before('write', async () => {
      if (++writes !== 2) return
      late = await signIn()
    })
    await session.regenerateId()
  })
  backend.heal()
  t.strictSame([await alive(first), await alive(late!)], [false, true])
})

t.test('a place that is taken after a revocation leaves its mark as it was, for as long as it lives', async t => {
  const { app: { sessions }, signIn, backend, clock } = await limited(t, 5)
  const kept = await signIn()
  const id = (await kept.browser.run(({ session }) => session.id)).body
  await sessions.revokeSubject('ann', { except: id })
  const { version: mark, createdAt } = (await backend.read(PLACES))!
  clock.now += 30 * MINUTE_MS
  await signIn()
  t.match(await backend.read(PLACES), { createdAt, meta: { mark, successor: id } })
  await sessions.revokeSubject('ann')
  clock.now += 30 * MINUTE_MS
  await signIn()
  clock.now += 36 * MINUTE_MS
  await signIn()
  t.equal((await backend.read(PLACES))!.meta!.mark, undefined)
})

t.test('with the option subject, a revocation between the place and the commit takes both', async t => {
  const { browser: open, backend, app } = await limited(t, 1, { onLimit: 'reject', subject: data => data['user'] })
  const visit = async (during = async () => {}) => (await open().attempt(({ session }) => {
    session.user = 'ann'
    let writes = 0
    backend.before('write', async () => {
      if (++writes !== 2) return
      backend.heal()
      await during()
      throw new Error('the store is down')
    })
  })).statusCode
  t.equal(await visit(async () => { await app.sessions.revokeSubject('ann') }), 503)
  t.equal(await visit(async () => { await app.sessions.revokeAll() }), 503)
  t.equal(await visit(), 503)
  backend.heal()
  t.equal((await open().attempt(({ session }) => { session.user = 'ann' })).statusCode, 200)
})
