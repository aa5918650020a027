import { subscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import { MAIN_PROPERTY } from '../backends/conventions.ts'
import { unexpected } from '../tools/check-options.ts'
import { ROUTE_OPTIONS } from './options-schema.ts'

interface Route {
  readonly scope: object
  readonly config: Readonly<Record<string, unknown>>
  readonly place: string
}

/** The routes of each application, by its server, in the order in which they were added. */
const routesOf = new WeakMap<object, Route[]>()

// Routes which were added before the registration, or outside its scope, can be seen from the start of an application only.
subscribe('fastify.initialization', message => { watch((message as { fastify: FastifyInstance }).fastify) })

function watch (app: FastifyInstance): void {
  const routes: Route[] = []
  routesOf.set(app.server, routes)
  app.addHook('onRoute', function ({ config = {}, method, url }) {
    routes.push({ scope: this, config: config as Route['config'], place: `${String(method)} ${url}` })
  })
}

/** What a registration reads: the options under its property, of all routes of its scope and of routes added later inside. */
export class ReadRoutes {
  readonly property: string
  readonly #scope: object
  readonly #countBefore: number

  constructor (app: FastifyInstance, property: string) {
    // This module was loaded after the application had begun.
    if (!routesOf.has(app.server)) watch(app)
    this.property = property
    this.#scope = app
    this.#countBefore = routesOf.get(app.server)!.length
  }

  has (scope: object, index: number): boolean {
    if (scope === this.#scope) return true
    return Object.prototype.isPrototypeOf.call(this.#scope, scope) && index >= this.#countBefore
  }
}

/**
 * Refuses route options which no registration reads: under a name that is none of its properties, or on a route outside its
 * scope. A route that asks for a sign-in would be public. For the time when all routes are there.
 *
 * @throws InvalidOptionsError
 */
export function assertAllRead (app: FastifyInstance, reads: readonly ReadRoutes[]): void {
  const names = new Set([MAIN_PROPERTY, ...reads.map(({ property }) => property)])
  for (const [index, { scope, config, place }] of routesOf.get(app.server)!.entries()) {
    for (const name of names) {
      if (!isRouteOptions(config[name])) continue
      if (reads.some(read => read.property === name && read.has(scope, index))) continue
      const remedy = 'name the option after the `property`, and register the plugin in the scope of the route or around it'
      throw unexpected(`${place}: config.${name}`, 'read by a registration', config[name], remedy)
    }
  }
}

/** Whether a value is an object of our route options. `false`, which asks for no session, is granted everywhere. */
function isRouteOptions (value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const keys = Object.keys(value)
  return keys.length > 0 && keys.every(key => ROUTE_OPTIONS.includes(key))
}
