import type { FastifyInstance } from 'fastify'
import { unexpected } from '../tools/check-options.ts'
import type { Settings } from './options.ts'

interface Claim {
  readonly scope: object
  readonly property: string
  readonly name: string
}

/** The registrations of each application; all of its scopes have the same server. */
const claimsOf = new WeakMap<object, Claim[]>()

/** Refuses a property or a cookie name that this scope, one around it or one inside it uses already. */
export function claimNames (app: FastifyInstance, { property, cookie: { name } }: Settings): void {
  // Fastify sets validationError itself, and only later.
  if (app.hasRequestDecorator(property) || property === 'validationError') {
    throw unexpected('property', 'a name that requests do not have already', property, 'register with another property')
  }
  if (app.hasDecorator(`${property}s`)) {
    throw unexpected('property', `a name whose plural (app.${property}s) is free`, property, 'register with another property')
  }
  const claims = claimsOf.get(app.server) ?? []
  // Scopes inside inherit from this one. Those beside it never meet in one request.
  const near = claims.filter(({ scope }) => scope === app || Object.prototype.isPrototypeOf.call(app, scope) || Object.prototype.isPrototypeOf.call(scope, app))
  if (near.some(claim => claim.property === property)) {
    throw unexpected('property', 'a name that no registration in a scope inside has already', property, 'register with another property')
  }
  const clash = near.find(claim => overlaps(name, claim.name) || overlaps(claim.name, name))
  if (clash !== undefined) {
    throw unexpected('cookie.name', `a name that does not overlap with another registration's (${clash.name})`, name, 'name one of them')
  }
  claimsOf.set(app.server, [...claims, { scope: app, property, name }])
}

/** Whether the second name is the first one, or one of its parts (`name.1`). */
function overlaps (name: string, other: string): boolean {
  return other === name || (other.startsWith(name) && /^\.[1-9]$/.test(other.slice(name.length)))
}
