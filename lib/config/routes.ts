import type { FastifyRequest } from 'fastify'
import type { SessionRouteOptions } from '../../types/index.d.ts'
import { optionsCheck, unexpected } from '../tools/check-options.ts'
import { durationOf } from '../tools/option-duration.ts'
import { assertLevel } from './identity.ts'
import { routeSchema } from './options-schema.ts'
import type { Settings } from './options.ts'

/** The route options in force for the requests of a route. */
export interface RoutePolicy {
  /** `true` where the route has `config.session: false`, or the option `exclude` names the path: no session at all. */
  readonly isOff: boolean
  /** `null` where the `autoload` option of the registration decides. */
  readonly autoload: boolean | null
  readonly passive: boolean
  /** `null` where a request needs no session. */
  readonly required: Requirements | null
  /** Whether no cache answers. */
  readonly fresh: boolean
  readonly onUnavailable: 'error' | 'anonymous'
}

/** What a request needs. */
export interface Requirements {
  readonly subject: boolean
  /** The longest time since the sign-in. */
  readonly freshMs: number
  /** The levels that will do; `null` for any. */
  readonly levels: readonly string[] | null
}

const check = optionsCheck(routeSchema)

/** The policies of all routes of a registration, each made once. */
export class RoutePolicies {
  /** For routes without `config.session`, and for sessions outside a request. */
  readonly usual: RoutePolicy
  readonly #off: RoutePolicy
  readonly #settings: Settings
  readonly #known = new WeakMap<object, RoutePolicy>()

  constructor (settings: Settings) {
    this.#settings = settings
    const { onUnavailable } = settings
    this.usual = Object.freeze({ isOff: false, autoload: null, passive: false, required: null, fresh: false, onUnavailable })
    this.#off = Object.freeze({ ...this.usual, isOff: true })
  }

  /**
   * The policy from the `config` of a route.
   *
   * @throws InvalidOptionsError which names the route, for invalid route options
   */
  of (config: object | undefined, route: string): RoutePolicy {
    const value = (config as Record<string, unknown> | undefined)?.[this.#settings.property]
    if (config === undefined || value === undefined || value === true) return this.usual
    let policy = this.#known.get(config)
    if (policy === undefined) {
      check(value, `${route}: config.${this.#settings.property}`)
      policy = this.#resolve(value as false | SessionRouteOptions, `${route}: config.${this.#settings.property}`)
      this.#known.set(config, policy)
    }
    return policy
  }

  /**
   * The policy of a request. The option `exclude` opens no route that requires a session. Routes added before the plugin, and the 404
   * handler, are checked only here, at the first request.
   *
   * @throws InvalidOptionsError
   */
  ofRequest (request: FastifyRequest): RoutePolicy {
    const { config, url } = request.routeOptions
    const policy = this.of(config, url ?? 'the 404 handler')
    return policy.required === null && this.#settings.exclude?.(request) === true ? this.#off : policy
  }

  #resolve (value: false | SessionRouteOptions, path: string): RoutePolicy {
    if (value === false) return this.#off
    const { autoload = null, passive = false, onUnavailable = this.usual.onUnavailable } = value
    const required = requirementsOf(value.required ?? false, `${path}.required`)
    const fresh = value.fresh === true || (required !== null && required.freshMs !== Infinity)
    return Object.freeze({ isOff: false, autoload, passive, required, fresh, onUnavailable })
  }
}

function requirementsOf (required: NonNullable<SessionRouteOptions['required']>, path: string): Requirements | null {
  if (required === false) return null
  if (typeof required !== 'object') return { subject: required === 'subject', freshMs: Infinity, levels: null }
  const { subject = false, fresh, level } = required
  const freshMs = fresh === undefined ? Infinity : durationOf(`${path}.fresh`, fresh)
  const levels = level === undefined ? null : [level].flat()
  if (levels?.length === 0) throw unexpected(`${path}.level`, 'a level, or an array of levels', level)
  levels?.forEach(each => { assertLevel(each, `${path}.level`) })
  // Only who has signed in has signed in a while ago, or at a level.
  return { subject: subject || freshMs !== Infinity || levels !== null, freshMs, levels }
}
