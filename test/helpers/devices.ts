import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { devices, type DevicesOptions } from '../../lib/devices.ts'
import { createSite, type Site, type SiteOptions } from './app.ts'
import type { Browser } from './browser.ts'
import { cookieLines } from './cookies.ts'

export const PREFIX = '/account/sessions'

/** What the page "Your devices" gets of a session. */
export interface Device { id: string, current: boolean, createdAt: string, lastAccessedAt: string, expiresAt: string, about: object | null }

export interface DevicesSite extends Site {
  /** A new browser that has signed in. */
  signIn (subject: string): Promise<Browser>
  /** One request of a browser below the prefix. */
  ask (browser: Browser, method: 'GET' | 'DELETE', path?: string, headers?: Record<string, string>): Promise<LightMyRequestResponse>
  devicesOf (browser: Browser): Promise<Device[]>
}

/** A site on the memory backend with the devices under a prefix. */
export async function devicesSite (t: Parameters<typeof createSite>[0], given: SiteOptions = {}, options: DevicesOptions = {}): Promise<DevicesSite> {
  const site = await createSite(t, { backend: 'memory', ...given }) as Site
  await site.app.register(devices, { prefix: PREFIX, ...options })
  const ask: DevicesSite['ask'] = async (browser, method, path = '', headers = {}) => {
    const response = await site.app.inject({ method, url: PREFIX + path, headers: { host: 'localhost', cookie: browser.header, ...headers } })
    for (const line of cookieLines(response)) if (line.includes('Max-Age=0')) browser.cookies.clear()
    return response
  }
  return {
    ...site,
    ask,
    signIn: async subject => {
      const browser = site.browser()
      await browser.run(async ({ session }) => { await session.login(subject, { secret: `of ${subject}` }) })
      return browser
    },
    devicesOf: async browser => (await ask(browser, 'GET')).json().sessions
  }
}

/** The id of the session that a browser has. */
export async function idOf (browser: Browser): Promise<string> {
  return (await browser.run(({ session }) => session.id)).body
}

/** Whom the application takes a browser for. */
export async function subjectOf (browser: Browser): Promise<string> {
  return (await browser.run(({ session }) => session.subject ?? 'nobody')).body
}

/** Registers the devices on an application that has to refuse them. */
export async function registering (app: FastifyInstance, options: object = {}): Promise<unknown> {
  return await app.register(devices, { prefix: PREFIX, ...options })
}
