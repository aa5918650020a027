import type { FastifyInstance } from 'fastify'
import { unexpected } from './check-options.ts'
import type { Settings } from './options.ts'

const kNames = Symbol('fastsessions.cookieNames')

/** Refuses a property or a cookie name that this scope, or one around it, uses already. */
export function claimNames (app: FastifyInstance, { property, cookie: { name } }: Settings): void {
  if (app.hasRequestDecorator(property)) {
    throw unexpected('property', 'a name that requests do not have already', property, 'register with another property')
  }
  if (app.hasDecorator(`${property}s`)) {
    throw unexpected('property', `a name whose plural (app.${property}s) is free`, property, 'register with another property')
  }
  const scope = app as { [kNames]?: readonly string[] }
  const taken = scope[kNames] ?? []
  const clash = taken.find(other => overlaps(name, other) || overlaps(other, name))
  if (clash !== undefined) {
    throw unexpected('cookie.name', `a name that does not overlap with another registration's (${clash})`, name, 'name one of them')
  }
  // An own property: scopes inside see it, those beside do not.
  Object.defineProperty(scope, kNames, { value: [...taken, name], configurable: true })
}

/** Whether the second name is the first one, or one of its parts (`name.1`). */
function overlaps (name: string, other: string): boolean {
  return other === name || (other.startsWith(name) && /^\.[1-9]$/.test(other.slice(name.length)))
}
