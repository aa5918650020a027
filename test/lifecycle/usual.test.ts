import { tracingChannel } from 'node:diagnostics_channel'
import type { LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { FaultyBackend } from '../../lib/testing/index.ts'
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

/** What a store does to a request that writes. */
const FAULTS: Readonly<Record<string, (backend: FaultyBackend) => unknown>> = {
  'cannot write': backend => backend.fail('write'),
  'is not told of its write': backend => backend.loseAnswer('write'),
  'cannot read': backend => backend.fail('read')
}

const HANGS: typeof FAULTS = {
  'waits for its write in vain': backend => backend.hang('write'),
  'waits for its read in vain': backend => backend.hang('read')
}

function faultySteps (faults: typeof FAULTS, heal: (backend: FaultyBackend) => void): typeof STEPS {
  return Object.fromEntries(Object.entries(faults).map(([name, begin]) => [name, async scene => {
    const { backend } = scene.site as Site
    begin(backend)
    const answers = await STEPS['writes']!(scene)
    heal(backend)
    return answers
  }]))
}

type Play = (steps: readonly string[]) => Promise<unknown>

/** Plays programs, each with browsers of its own, and tells all that can be seen of them: also what the store was asked. */
async function player (t: Test, backend: FaultyBackend, steps: typeof STEPS, options = OPTIONS): Promise<Play> {
  const site = await createSite(t, { ...options, backend })
  return async program => {
    const scene = { site, browser: site.browser(), stranger: site.browser() }
    const seen: unknown[] = []
    site.events.length = site.logs.length = backend.calls.length = 0
    for (const name of program) seen.push(...(await steps[name]!(scene) ?? []).map(visible))
    const last = ({ session }: AnyRequest) => [{ ...session }, session.subject, session.expiresAt, session.lastAccessedAt]
    seen.push((await scene.browser.attempt(last)).body)
    const ids: Array<string | null> = []
    const numberOf = (id: string | null): number => ids.includes(id) ? ids.indexOf(id) : ids.push(id) - 1
    const events = site.events.map(({ id, requestId: _, ...event }) => ({ ...event, id: numberOf(id) }))
    return [...seen, events, site.warnings(), backend.calls.map(({ operation }) => operation)]
  }
}

function visible ({ statusCode, body, headers }: LightMyRequestResponse): unknown {
  const lines = [headers['set-cookie'] ?? []].flat().map(line => line.replace(/=[^;]*/, '='))
  return { statusCode, body, lines, vary: headers['vary'], cache: headers['cache-control'] }
}

const tracing = tracingChannel('fastsessions:backend')
const listener = { start () {} }

/** Where somebody traces, every call is made by a flow. */
const byFlows = (play: Play): Play => async program => {
  tracing.subscribe(listener as never)
  try {
    return await play(program)
  } finally {
    tracing.unsubscribe(listener as never)
  }
}

const PACES = { atOnce: () => {}, later: (backend: FaultyBackend) => { backend.before('read', soon).before('write', soon) } }
const soon = async (): Promise<void> => { await new Promise(resolve => { setImmediate(resolve) }) }

for (const kind of kinds) {
  for (const [pace, slowDown] of Object.entries(PACES)) {
    // What stands in the cookie is there at once.
    if (kind === 'cookie' && pace === 'later') continue
    const heal = (backend: FaultyBackend) => { slowDown(backend.heal()) }
    const steps = { ...STEPS, ...(kind === 'memory' && faultySteps(FAULTS, heal)) }

    t.test(`${kind}, ${pace}: any two steps of a session come to what they come to where each call is a flow`, async t => {
      const create = async (): Promise<Play> => {
        const backend = new FaultyBackend(backendOf(kind))
        slowDown(backend)
        return await player(t, backend, steps)
      }
      const [usual, flows] = [await create(), byFlows(await create())]
      for (const first of Object.keys(steps)) {
        for (const second of Object.keys(steps)) {
          const program = ['writes', first, second]
          t.strictSame(await usual(program), await flows(program), program.join(', '))
        }
      }
    })
  }
}

t.test('what waits in vain comes to the same, too, and holds nobody up who comes later', async t => {
  const steps = { ...STEPS, ...faultySteps(HANGS, backend => { backend.heal() }) }
  const create = async () => await player(t, new FaultyBackend(backendOf('memory')), steps, { ...OPTIONS, timeout: 0.1 })
  const [usual, flows] = [await create(), byFlows(await create())]
  for (const name of Object.keys(HANGS)) {
    const program = ['writes', name, 'writes', name, 'reads']
    t.strictSame(await usual(program), await flows(program), name)
  }
})
