import { createRequire } from 'node:module'
import { InvalidOptionsError } from '../errors.ts'

// Most applications need no such package: only the factory of a reader loads one.
const require = createRequire(import.meta.url)

/**
 * A module of a package that is installed beside this one.
 *
 * @param remedy what to do where the package is not installed
 * @throws InvalidOptionsError
 */
export function peer<T> (path: string, remedy: string): T {
  try {
    return require(path) as T
  } catch (cause) {
    throw Object.assign(new InvalidOptionsError(remedy), { cause })
  }
}
