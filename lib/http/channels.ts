import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import type { CookieSettings } from '../config/cookie-settings.ts'
import type { Settings } from '../config/options.ts'
import { type Bound, Registration } from '../store/registration.ts'
import { audible } from '../store/warnings.ts'
import { isHttps } from './scheme.ts'
import { SessionCookie } from './session-cookie.ts'

/** What sessions need of an application: the log, and how a cookie is written. */
export type Surroundings = Pick<FastifyInstance, 'log' | 'serializeCookie'>

/** How the requests of a scheme come to their sessions. */
export interface Channel {
  readonly cookie: SessionCookie
  readonly registration: Registration
}

/**
 * The channels of a registration: a single one, unless `cookie.secure` is `'auto'`. Then the cookie has a name and attributes for
 * https, and others for http. Sessions on a server are the same by either name. A text that holds the session itself is bound to
 * the name of its cookie, so that what came in clear cannot be copied to https: there each name has a backend of its own.
 */
export class Channels {
  /** For warnings outside a request. */
  readonly log: FastifyBaseLogger
  readonly #https: Channel
  readonly #http: Channel

  constructor (app: Surroundings, settings: Settings) {
    const { cookie, plainCookie, backend } = settings
    const log = this.log = audible(app.log)
    const isBoundToName = backend.selfContained === true && cookie.name !== plainCookie.name
    const bound = bind(log, settings, cookie)
    const boundOnHttp = isBoundToName ? bind(log, settings, plainCookie) : bound
    this.#https = channelOf(app, { settings, log }, cookie, bound)
    this.#http = plainCookie === cookie ? this.#https : channelOf(app, { settings, log }, plainCookie, boundOnHttp, this.#https)
  }

  /** The channel of a request. */
  of (request: FastifyRequest): Channel {
    return this.#https === this.#http || isHttps(request) ? this.#https : this.#http
  }

  /** A channel for each name of the cookie; that of https comes first. */
  get byName (): readonly Channel[] {
    return this.#https.cookie.name === this.#http.cookie.name ? [this.#https] : [this.#https, this.#http]
  }

  get registrations (): readonly Registration[] {
    return [...new Set([this.#https.registration, this.#http.registration])]
  }
}

function channelOf (
  app: Surroundings, { settings, log }: { settings: Settings, log: FastifyBaseLogger }, cookieSettings: CookieSettings,
  bound: Bound, beside?: Channel
): Channel {
  const cookie = new SessionCookie(cookieSettings, app.serializeCookie)
  if (beside?.registration.store.backend === bound.backend) return { cookie, registration: beside.registration }
  const isUnsplit = bound.backend.unsplit === true
  const bytesOf = isUnsplit ? (text: string) => cookie.unsplitBytes(text) : (text: string) => cookie.headerBytes(text)
  return { cookie, registration: new Registration(settings, bound, bytesOf, log) }
}

function bind (log: FastifyBaseLogger, settings: Settings, cookie: CookieSettings): Bound {
  const { property, secrets, now, timeoutMs: timeout, cacheBytes, backend, migrateFrom, isCookieNamed: isNamed } = settings
  const context = { property, now, secrets, cookie: { ...cookie, isNamed }, timeout, cacheBytes, log }
  return { backend: backend.bind?.(context) ?? backend, readers: migrateFrom.map(reader => reader.bind?.(context) ?? reader) }
}
