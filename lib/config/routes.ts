import type { FastifyRequest } from 'fastify'
import type { SessionRouteOptions } from '../../types/index.d.ts'
import { optionsCheck } from '../tools/check-options.ts'
import { routeSchema } from './options-schema.ts'
import type { Settings } from './options.ts'

/** What holds for the requests of one route. */
export interface RoutePolicy {
  readonly isOff: boolean
  /** `null`: as the registration says. */
  readonly autoload: boolean | null
  readonly passive: boolean
  readonly required: boolean | 'subject'
  readonly onUnavailable: 'error' | 'anonymous'
}

const check = optionsCheck(routeSchema)

/** The policies of all routes of one registration, each worked out once. */
export class RoutePolicies {
  /** For sessions outside a request, and routes that say nothing. */
  readonly usual: RoutePolicy
  readonly #settings: Settings
  readonly #known = new WeakMap<object, RoutePolicy>()

  constructor (settings: Settings) {
    this.#settings = settings
    this.usual = Object.freeze({ isOff: false, autoload: null, passive: false, required: false, onUnavailable: settings.onUnavailable })
  }

  /** The policy of a route's `config`. Throws `InvalidOptionsError` naming the route when it is not one. */
  of (config: object | undefined, route: string): RoutePolicy {
    const value = (config as Record<string, unknown> | undefined)?.[this.#settings.property]
    if (config === undefined || value === undefined || value === true) return this.usual
    let policy = this.#known.get(config)
    if (policy === undefined) {
      check(value, `${route}: config.${this.#settings.property}`)
      policy = this.#resolve(value as false | SessionRouteOptions)
      this.#known.set(config, policy)
    }
    return policy
  }

  /** Routes added before the plugin, and the 404 handler, come here unchecked. */
  ofRequest (request: FastifyRequest): RoutePolicy {
    const { config, url } = request.routeOptions
    return this.of(config, url ?? 'the 404 handler')
  }

  #resolve (value: false | SessionRouteOptions): RoutePolicy {
    if (value === false) return Object.freeze({ ...this.usual, isOff: true })
    const { autoload = null, passive = false, required = false, onUnavailable = this.usual.onUnavailable } = value
    return Object.freeze({ isOff: false, autoload, passive, required, onUnavailable })
  }
}
