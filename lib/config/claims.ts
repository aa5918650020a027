import { maxHeaderSize as usualHeaderSize } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { unexpected } from '../tools/check-options.ts'
import { DEFAULT_COOKIE_BYTES } from '../record/cookie-text.ts'
import { assertApart, assertHeadersFit, type Claim, clashOf, RouteHosts } from './neighbours.ts'
import type { Settings } from './options.ts'
import { assertAllRead, ReadRoutes } from './unread.ts'

/** The claims of each application, by its server: all scopes of an application have the same server. */
const claimsOf = new WeakMap<object, Array<Claim & { readonly reads: ReadRoutes }>>()

const REMEDY = 'register with another property'
const OWNERS = 'Fastify, the application, a different session plugin, or this one registered before, has it'

/**
 * Refuses a property or a cookie name that an earlier registration uses in this scope, in a scope around or in a scope
 * inside: both would read and overwrite the same sessions. Scopes beside each other never meet in a request, but their cookies
 * meet in a browser (neighbours.ts).
 *
 * @throws InvalidOptionsError
 */
export function claimNames (app: FastifyInstance, { property, backend, cookie, plainCookie }: Settings): void {
  // Fastify sets `validationError` itself, but only when a request is served.
  if (app.hasRequestDecorator(property) || property === 'validationError') {
    throw unexpected('property', 'a name that requests do not have already', property, `${OWNERS}; ${REMEDY}`)
  }
  if (app.hasDecorator(`${property}s`)) {
    throw unexpected('property', `a name whose plural (app.${property}s) is free`, property, REMEDY)
  }
  const claims = claimsOf.get(app.server) ?? []
  const near = claims.filter(({ scope }) => meet(app, scope))
  if (near.some(claim => claim.property === property)) {
    throw unexpected('property', 'a name that no registration in a scope inside has already', property, REMEDY)
  }
  const names = [...new Set([cookie.name, plainCookie.name])]
  const clash = clashOf(names, near)
  if (clash !== null) {
    const expectation = `a name that does not overlap with another registration's (${clash.theirs})`
    throw unexpected('cookie.name', expectation, clash.ours, 'name one of them')
  }
  const maxBytes = backend.selfContained === true ? backend.maxBytes ?? DEFAULT_COOKIE_BYTES : 0
  const { path } = cookie
  const claim = { scope: app, property, names, path, maxBytes, hosts: new RouteHosts(app), reads: new ReadRoutes(app, property) }
  const { maxHeaderSize = usualHeaderSize } = app.server as { maxHeaderSize?: number }
  assertHeadersFit(claim, claims, maxHeaderSize)
  const beside = claims.filter(known => !near.includes(known))
  assertApart(claim, beside.filter(({ hosts }) => !hosts.areAll))
  // Which hosts the routes of this scope are bound to is known once all routes are.
  app.addHook('onReady', async () => {
    assertApart(claim, beside)
    if (claims.length === 0) assertAllRead(app, claimsOf.get(app.server)!.map(({ reads }) => reads))
  })
  claimsOf.set(app.server, [...claims, claim])
}

/** Whether a request can be in both scopes. A scope inside inherits from the scope around; neighbours never meet. */
function meet (scope: object, known: object): boolean {
  return scope === known || isInside(known, scope) || isInside(scope, known)
}

function isInside (inner: object, outer: object): boolean {
  return Object.prototype.isPrototypeOf.call(outer, inner)
}
