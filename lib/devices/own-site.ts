import type { FastifyRequest } from 'fastify'

/** What a browser says of a request that a page of this origin has sent, or the user without a page. */
const OWN_SITE: readonly unknown[] = ['same-origin', 'none']

/**
 * Whether a request comes from a page of this origin or of the given origins, or from no browser. A page of a sibling subdomain is no
 * page of ours: who can put a page there must not sign our users out.
 */
export function isFromOwnSite (request: FastifyRequest, origins: readonly string[]): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (origin !== undefined && origins.includes(origin)) return true
  if (site !== undefined) return OWN_SITE.includes(site)
  // Browsers say `Sec-Fetch-Site` over https and to localhost only, and old ones never.
  return origin === undefined || isSame(origin, `${request.protocol}://${request.host}`)
}

/** A port that is the usual one may be left out. An opaque origin (`null`) is no URL. */
function isSame (origin: string, own: string): boolean {
  return URL.canParse(origin) && URL.canParse(own) && new URL(origin).href === new URL(own).href
}
