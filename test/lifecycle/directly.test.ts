import type { LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { FaultyBackend } from '../../lib/testing/index.ts'
import type { SessionBackend } from '../../types/index.d.ts'
import { backendOf, createSite, kinds, type Site, type SiteOptions } from '../helpers/app.ts'
import type { AnyRequest, Browser } from '../helpers/browser.ts'
import { DAY_MS, HOUR_MS } from '../helpers/times.ts'

interface Scene { readonly site: Site<unknown>, readonly browser: Browser, readonly stranger: Browser }

const job = (url: string, change: (request: AnyRequest) => unknown) => async ({ browser }: Scene) => [
  await browser.attempt(async request => [await change(request), { ...request.session }, request.session.subject], url)
]

/** What a browser can do, or what can happen to it. */
const STEPS: Readonly<Record<string, (scene: Scene) => Promise<LightMyRequestResponse[] | undefined>>> = {
  reads: job('/', ({ session }) => session.n),
  writes: job('/', ({ session }) => { session.n = (session.n ?? 0) + 1 }),
  'writes the same': job('/', ({ session }) => { session.n = Number(session.n ?? 0) }),
  'writes the keys in a different order': job('/', ({ session }) => {
    const { n, ...others } = session
    session.clear()
    session.update({ ...others, n: n ?? 1 })
  }),
  'deletes all': job('/', ({ session }) => { session.clear() }),
  'breaks the schema': job('/', ({ session }) => { session.n = 'text' }),
  'hides a key': job('/', ({ session }) => { session.x = { toJSON () {} } }),
  'writes in passing': job('/passive', ({ session }) => { session.p = true }),
  touches: job('/', ({ session }) => { session.touch() }),
  'lives shorter': job('/', ({ session }) => { session.n = 7; session.setLifetime({ idleTimeout: 60 * 60 }) }),
  'lived too long': job('/', ({ session }) => { session.n = 8; session.setLifetime({ absoluteTimeout: 60 }) }),
  'signs in': job('/', ({ session }) => session.login('ada', { n: 1 })),
  'gets a new id and writes': job('/', async ({ session }) => { await session.regenerateId(); session.after = true }),
  'saves and writes': job('/', async ({ session }) => { session.n = 3; await session.save(); session.n = 4 }),
  ends: job('/', ({ session }) => session.destroy()),
  'writes while a parallel request writes': async ({ browser }) => [
    await browser.attempt(async ({ session }) => {
      session.mine = true
      await browser.attempt(({ session }) => { session.theirs = true })
    })
  ],
  'writes while a parallel request ends it': async ({ browser }) => [
    await browser.attempt(async ({ session }) => {
      session.mine = true
      await browser.copy().attempt(({ session }) => session.destroy())
    })
  ],
  'has a cookie of a stranger beside': async ({ site, browser, stranger }) => {
    await stranger.run(({ session }) => { session.stranger = true })
    return [await site.call('/', `${browser.header}; ${stranger.header}`, ({ session }) => { session.n = 9; return { ...session } })]
  },
  'has a forged cookie': async ({ site, browser }) => [
    await site.call('/', browser.header.replace(/.{5}$/, 'AAAAA'), ({ session }) => ({ ...session }))
  ],
  'lets time pass': async ({ site }) => { site.clock.now += 4 * DAY_MS; return undefined },
  'lets too much time pass': async ({ site }) => { site.clock.now += 15 * DAY_MS; return undefined },
  'lets an hour pass': async ({ site }) => { site.clock.now += HOUR_MS; return undefined }
}

const OPTIONS: SiteOptions = { schema: { type: 'object', properties: { n: { type: 'number' } } } }

/** Plays programs, each with browsers of its own, and tells all that can be seen of them. */
async function player (t: Test, backend: SessionBackend): Promise<(steps: readonly string[]) => Promise<unknown>> {
  const site = await createSite(t, { ...OPTIONS, backend })
  return async steps => {
    const scene = { site, browser: site.browser(), stranger: site.browser() }
    const seen: unknown[] = []
    site.events.length = site.logs.length = 0
    for (const name of steps) seen.push(...(await STEPS[name]!(scene) ?? []).map(visible))
    const last = ({ session }: AnyRequest) => [{ ...session }, session.subject, session.expiresAt, session.lastAccessedAt]
    seen.push((await scene.browser.attempt(last)).body)
    const ids: Array<string | null> = []
    const numberOf = (id: string | null): number => ids.includes(id) ? ids.indexOf(id) : ids.push(id) - 1
    seen.push(site.events.map(({ id, requestId: _, ...event }) => ({ ...event, id: numberOf(id) })), site.warnings())
    return seen
  }
}

function visible ({ statusCode, body, headers }: LightMyRequestResponse): unknown {
  const lines = [headers['set-cookie'] ?? []].flat().map(line => line.replace(/=[^;]*/, '='))
  return { statusCode, body, lines, vary: headers['vary'], cache: headers['cache-control'] }
}

for (const kind of kinds) {
  t.test(`${kind}: without a flow every two steps of a session come to what they come to with a flow`, async t => {
    const [directly, byFlows] = [await player(t, backendOf(kind)), await player(t, new FaultyBackend(backendOf(kind)))]
    const names = Object.keys(STEPS)
    for (const first of names) {
      for (const second of names) {
        const program = ['writes', first, second]
        t.strictSame(await directly(program), await byFlows(program), program.join(', '))
      }
    }
  })
}
