import type { FastifyInstance } from 'fastify'
import { isWithin } from '../record/cookie-text.ts'
import { unexpected } from '../tools/check-options.ts'

/** The names that a registration uses. */
export interface Claim {
  readonly scope: object
  readonly property: string
  /** The names of the cookie: one, or with `secure: 'auto'` that on https requests and that on http requests. */
  readonly names: readonly string[]
  /** The cookie's path. */
  readonly path: string
  /** The most bytes of `Cookie` header for a session; 0 for a token, which is short. */
  readonly maxBytes: number
  readonly hosts: RouteHosts
}

/** The hosts that the routes of a scope are bound to, by their constraint `host`. */
export class RouteHosts {
  readonly #hosts: unknown[] = []

  constructor (app: FastifyInstance) {
    app.addHook('onRoute', ({ constraints }) => { this.#hosts.push((constraints as { host?: unknown } | undefined)?.host) })
  }

  /** Whether there are routes, and each is bound to a host. */
  get areAll (): boolean { return this.#hosts.length > 0 && !this.#hosts.includes(undefined) }

  /** Whether no request can be for a route of either scope by its host alone. Two patterns that are written differently count as apart. */
  areApartFrom (other: RouteHosts): boolean {
    return this.areAll && other.areAll && !this.#hosts.some(host => other.#hosts.some(theirs => mayBeSame(host, theirs)))
  }
}

function mayBeSame (one: unknown, two: unknown): boolean {
  if (one instanceof RegExp && typeof two === 'string') return new RegExp(one.source, one.flags.replace(/[gy]/g, '')).test(two)
  if (two instanceof RegExp && typeof one === 'string') return mayBeSame(two, one)
  return String(one).toLowerCase() === String(two).toLowerCase()
}

/**
 * Refuses a cookie name that a scope beside this scope uses for a different property: a browser keeps a single cookie, which
 * either would take from the other. Hosts keep cookies apart, and scopes that share the property share the session.
 *
 * @throws InvalidOptionsError
 */
export function assertApart ({ property, names, hosts }: Claim, beside: readonly Claim[]): void {
  const clash = clashOf(names, beside.filter(claim => claim.property !== property && !hosts.areApartFrom(claim.hosts)))
  if (clash === null) return
  const expectation = `a name that does not overlap with that of \`${clash.property}\` in the scope beside (${clash.theirs})`
  const remedy = 'name one of them, bind their routes to different hosts, or give both scopes one property'
  throw unexpected('cookie.name', expectation, clash.ours, remedy)
}

/** What is left of a request's headers for all but session cookies. */
const OTHER_HEADERS_BYTES = 2_048

/**
 * Refuses a session in its cookie which, together with those of earlier registrations, may grow beyond the headers that the
 * server accepts: a browser with such cookies would be answered with 431 from then on. A registration counts once, whatever its
 * names are: browsers visit a site by one scheme.
 *
 * @param limit the most bytes of headers that the server accepts
 * @throws InvalidOptionsError
 */
export function assertHeadersFit ({ names: [name], path, maxBytes }: Claim, known: readonly Claim[], limit: number): void {
  const together = new Map(known
    .filter(claim => claim.names[0] !== name && claim.maxBytes > 0 && !claim.hosts.areAll && meet(claim.path, path))
    .map(claim => [claim.names[0], claim]))
  if (maxBytes === 0 || together.size === 0) return
  const taken = [...together.values()].reduce((sum, claim) => sum + claim.maxBytes, 0)
  const left = limit - OTHER_HEADERS_BYTES - taken
  if (maxBytes <= left) return
  const expectation = `at most ${left} beside ${[...together.keys()].join(', ')}: the server accepts ${limit} bytes of headers`
  const remedy = 'lower `maxBytes` of the cookie backends, or raise `http.maxHeaderSize` of Fastify'
  throw unexpected('backend.maxBytes', expectation, maxBytes, remedy)
}

/** Whether a browser sends the cookies of both paths with one request. */
function meet (one: string, two: string): boolean { return isWithin(one, two) || isWithin(two, one) }

/** The first of our names that overlaps with a name of these claims, and that name; `null` where none does. */
export function clashOf (
  names: readonly string[], claims: readonly Claim[]
): { readonly ours: string, readonly theirs: string, readonly property: string } | null {
  for (const { property, names: known } of claims) {
    for (const theirs of known) {
      const ours = names.find(name => overlaps(name, theirs))
      if (ours !== undefined) return { ours, theirs, property }
    }
  }
  return null
}

/** Whether two names are the same, or one is the name of a part of a cookie split under the other (`name.1`). */
export function overlaps (one: string, two: string): boolean { return isPartOf(one, two) || isPartOf(two, one) }

/** Whether a cookie is that of a session under a name, or a part of it (`name.1`). */
export function isPartOf (name: string, part: string): boolean {
  return part === name || (part.startsWith(name) && /^\.[1-9]$/.test(part.slice(name.length)))
}
