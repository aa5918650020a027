import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import type { BackendContext, SecretRenewal, SessionRecord } from '../../types/index.d.ts'
import { createSite, type Site, type SiteOptions } from './app.ts'
import type { Browser } from './browser.ts'
import { NAME } from './cookies.ts'
import { MINUTE_MS } from './times.ts'

/** The interval of `createSecretSite`. */
export const INTERVAL_MS = 15 * MINUTE_MS

interface Test { teardown (end: () => unknown): unknown }

/** A site whose sessions are in memory, where a test can see their records. */
export interface SecretSite extends Site {
  readonly memory: MemoryBackend
  /** The record of a session. */
  recordOf (id: string): SessionRecord
  renewalOf (id: string): SecretRenewal | undefined
}

/** A site with `renewSecretEvery: '15m'`, unless the options say otherwise. */
export async function createSecretSite (t: Test, options: Omit<SiteOptions, 'backend'> = {}, memory = new MemoryBackend()): Promise<SecretSite> {
  const site = await createSite(t, { renewSecretEvery: '15m', ...options, backend: new FaultyBackend(memory) })
  const view = memory.bind({ property: options.property ?? 'session', now: () => site.clock.now } as BackendContext)
  const recordOf = (id: string) => view.read(id)!
  return { ...site, memory, recordOf, renewalOf: id => recordOf(id).meta?.renewal }
}

/** The text of the session's cookie in a browser. */
export function textIn (browser: Browser, name = NAME): string { return browser.cookies.get(name)! }

/** A browser that is signed in, and the id of its session. */
export async function signedIn (site: Pick<Site, 'browser'>): Promise<{ browser: Browser, id: string }> {
  const browser = site.browser()
  const { body } = await browser.run(async ({ session }) => { await session.login('ada', { n: 1 }); return { id: session.id } })
  return { browser, id: JSON.parse(body).id }
}

/** What a request finds: the number in the session, or nothing. */
export async function seenBy (browser: Browser, url = '/'): Promise<unknown> {
  return (await browser.run(({ session }) => session.n ?? null, url)).json()
}

/** A browser that has come back once for its second secret, and what it was before. */
export async function renewed (site: Pick<Site, 'browser' | 'clock'>): Promise<{ browser: Browser, before: Browser, id: string }> {
  const { browser, id } = await signedIn(site)
  const before = browser.copy()
  site.clock.now += INTERVAL_MS
  await seenBy(browser)
  return { browser, before, id }
}
