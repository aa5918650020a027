import type { FastifyBaseLogger } from 'fastify'
import type { RoutePolicies } from '../config/routes.ts'
import { SessionAdministration } from '../session/administration.ts'
import type { Channels } from './channels.ts'
import { DetachedCookies } from './detached-cookies.ts'

/** `app.sessions` of a registration, with a way to read and write each of its cookies outside a request. */
export function administrationOf (channels: Channels, policies: RoutePolicies, log: FastifyBaseLogger): SessionAdministration {
  const cookies = channels.byName.map(({ cookie, registration }) => ({
    registration,
    transport: (header: string | undefined) => new DetachedCookies(registration, cookie, log, header),
    header: (text: string) => cookie.header(text)
  }))
  return new SessionAdministration(cookies, log, policies.usual)
}
