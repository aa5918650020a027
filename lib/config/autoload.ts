import type { FastifyRequest } from 'fastify'
import type { AutoloadPath, SessionOptions } from '../../types/index.d.ts'
import { unexpected } from '../tools/check-options.ts'

type Matcher = (request: FastifyRequest) => boolean

const EXPECTED = 'a boolean, a function, a path such as \'/app\' or \'/app/*\', a RegExp, or an array of paths'

/**
 * Makes the `autoload` option a function: whether a request loads the session before the handler. `'/app'` is this path
 * only, `'/app/*'` every path that begins with `/app/`; the query string does not count.
 *
 * @throws InvalidOptionsError
 */
export function autoloadMatcher (autoload: SessionOptions['autoload'] = true): Matcher {
  if (typeof autoload === 'boolean') return () => autoload
  if (typeof autoload === 'function') return request => autoload(request) === true
  const paths: readonly AutoloadPath[] = Array.isArray(autoload) ? autoload : [autoload as AutoloadPath]
  const tests = paths.map((path, index) => pathTest(path, Array.isArray(autoload) ? `autoload.${index}` : 'autoload'))
  return request => {
    const path = request.url.split('?', 1)[0]!
    return tests.some(test => test(path))
  }
}

function pathTest (path: unknown, name: string): (path: string) => boolean {
  if (path instanceof RegExp) {
    // A pattern with the flag g or y remembers where the last match ended: each request starts anew, on a copy of our own.
    const pattern = new RegExp(path)
    return text => {
      pattern.lastIndex = 0
      return pattern.test(text)
    }
  }
  if (typeof path !== 'string' || !path.startsWith('/')) throw unexpected(name, EXPECTED, path)
  if (!path.endsWith('*')) return text => text === path
  const start = path.slice(0, -1)
  return text => text.startsWith(start)
}
