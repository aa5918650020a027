import type { FastifyRequest } from 'fastify'
import type { AutoloadPath, SessionOptions } from '../../types/index.d.ts'
import { unexpected } from '../tools/check-options.ts'

type Matcher = (request: FastifyRequest) => boolean

/** Decides which requests load their session before the handler. Throws `InvalidOptionsError`. */
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
    // A copy, since with g or y it remembers where the match of the last request ended.
    const pattern = new RegExp(path)
    return text => {
      pattern.lastIndex = 0
      return pattern.test(text)
    }
  }
  if (typeof path !== 'string' || !path.startsWith('/')) throw unexpected(name, 'a boolean, a function, a path such as \'/app\' or \'/app/*\', a RegExp, or an array of paths', path)
  if (!path.endsWith('*')) return text => text === path
  const start = path.slice(0, -1)
  return text => text.startsWith(start)
}
