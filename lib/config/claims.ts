import type { FastifyInstance } from 'fastify'
import { unexpected } from '../tools/check-options.ts'
import type { Settings } from './options.ts'

/** The names that a registration uses. */
interface Claim {
  readonly scope: object
  readonly property: string
  readonly name: string
}

/** The claims of each application, by its server: all scopes of an application have the same server. */
const claimsOf = new WeakMap<object, Claim[]>()

const REMEDY = 'register with another property'

/**
 * Refuses a property or a cookie name that an earlier registration uses in this scope, in a scope around or in a scope
 * inside: both would read and overwrite the same sessions.
 *
 * @throws InvalidOptionsError
 */
export function claimNames (app: FastifyInstance, { property, cookie: { name } }: Settings): void {
  // Fastify sets `validationError` itself, but only when a request is served.
  if (app.hasRequestDecorator(property) || property === 'validationError') {
    throw unexpected('property', 'a name that requests do not have already', property, REMEDY)
  }
  if (app.hasDecorator(`${property}s`)) {
    throw unexpected('property', `a name whose plural (app.${property}s) is free`, property, REMEDY)
  }
  const claims = claimsOf.get(app.server) ?? []
  const near = claims.filter(({ scope }) => meet(app, scope))
  if (near.some(claim => claim.property === property)) {
    throw unexpected('property', 'a name that no registration in a scope inside has already', property, REMEDY)
  }
  const clash = near.find(claim => overlaps(name, claim.name) || overlaps(claim.name, name))
  if (clash !== undefined) {
    const expectation = `a name that does not overlap with another registration's (${clash.name})`
    throw unexpected('cookie.name', expectation, name, 'name one of them')
  }
  claimsOf.set(app.server, [...claims, { scope: app, property, name }])
}

/** Whether a request can be in both scopes. A scope inside inherits from the scope around; neighbours never meet. */
function meet (scope: object, known: object): boolean {
  return scope === known || isInside(known, scope) || isInside(scope, known)
}

function isInside (inner: object, outer: object): boolean {
  return Object.prototype.isPrototypeOf.call(outer, inner)
}

/** Whether the second name is the first name, or the name of a part of a cookie split under the first name (`name.1`). */
function overlaps (name: string, other: string): boolean {
  return other === name || (other.startsWith(name) && /^\.[1-9]$/.test(other.slice(name.length)))
}
