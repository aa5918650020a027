import type { FastifyRequest } from 'fastify'
import type { AutoloadPath } from '../../types/index.d.ts'
import { unexpected } from '../tools/check-options.ts'

/** How the application's router reads a URL: Fastify's options of these names. */
export interface RouterOptions {
  readonly caseSensitive?: boolean | undefined
  readonly ignoreTrailingSlash?: boolean | undefined
  readonly ignoreDuplicateSlashes?: boolean | undefined
  readonly useSemicolonDelimiter?: boolean | undefined
}

/** Whether a request is for one of some paths. */
export type PathTest = (request: Pick<FastifyRequest, 'url'>) => boolean

/** `scheme://host` in front of a request target in absolute form (RFC 9112, 3.2.2). */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i

/**
 * Makes a test of paths. `'/app'` is this path only, `'/app/*'` every path that begins with `/app/`. A URL is read as the
 * router reads it: without the query, decoded, and as its options say about case, trailing and duplicate slashes.
 *
 * @throws InvalidOptionsError for an entry that is neither a path nor a RegExp; the message has the place and `expected`
 */
export function pathTest (
  paths: AutoloadPath | readonly AutoloadPath[], place: string, expected: string, router: RouterOptions
): PathTest {
  const tests = Array.isArray(paths)
    ? (paths as readonly AutoloadPath[]).map((path, index) => testOf(path, `${place}.${index}`, expected, router))
    : [testOf(paths, place, expected, router)]
  return ({ url }) => {
    const path = routedPath(url, router)
    return tests.some(test => test(path))
  }
}

function testOf (path: unknown, place: string, expected: string, router: RouterOptions): (path: string) => boolean {
  if (path instanceof RegExp) {
    // A pattern with the flag g or y remembers where the last match ended: each request starts anew, on a copy of our own.
    const pattern = new RegExp(path)
    return text => {
      pattern.lastIndex = 0
      return pattern.test(text)
    }
  }
  if (typeof path !== 'string' || !path.startsWith('/')) throw unexpected(place, expected, path)
  const inCase = (text: string) => router.caseSensitive === false ? text.toLowerCase() : text
  const wanted = inCase(withoutSlashes(path, router))
  if (!path.endsWith('*')) return text => inCase(text) === wanted
  const start = wanted.slice(0, -1)
  return text => inCase(text).startsWith(start)
}

/** The path that the router looks for. */
function routedPath (url: string, router: RouterOptions): string {
  const target = url.startsWith('/') ? url : `/${url.replace(ORIGIN, '').replace(/^\//, '')}`
  const end = target.search(router.useSemicolonDelimiter === true ? /[?#;]/ : /[?#]/)
  return withoutSlashes(decoded(end === -1 ? target : target.slice(0, end)), router)
}

// Reserved characters stay encoded, as in the router: `%2F` is a part of a name, and `/` is not.
function decoded (path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURI(path.replaceAll('%25', '%2525'))
  } catch {
    // The router refuses such a path.
    return path
  }
}

function withoutSlashes (path: string, { ignoreDuplicateSlashes, ignoreTrailingSlash }: RouterOptions): string {
  const single = ignoreDuplicateSlashes === true ? path.replace(/\/{2,}/g, '/') : path
  return ignoreTrailingSlash === true && single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single
}
