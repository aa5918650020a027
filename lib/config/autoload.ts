import type { FastifyRequest } from 'fastify'
import type { AutoloadPath, SessionOptions } from '../../types/index.d.ts'
import { type PathTest, pathTest, type RouterOptions } from './paths.ts'

const PATHS = 'a path such as \'/app\' or \'/app/*\', a RegExp, or an array of paths'

/**
 * Makes the `autoload` option a function: whether a request loads the session before the handler.
 *
 * @throws InvalidOptionsError
 */
export function autoloadMatcher (
  autoload: SessionOptions['autoload'] = true, router: RouterOptions = {}
): (request: FastifyRequest) => boolean {
  if (typeof autoload === 'boolean') return () => autoload
  if (typeof autoload === 'function') return request => autoload(request) === true
  return pathTest(autoload as AutoloadPath, 'autoload', `a boolean, a function, ${PATHS}`, router)
}

/**
 * Makes the `exclude` option a function; `null` without the option.
 *
 * @throws InvalidOptionsError
 */
export function excludeMatcher (exclude: SessionOptions['exclude'], router: RouterOptions): PathTest | null {
  return exclude === undefined ? null : pathTest(exclude, 'exclude', PATHS, router)
}
