import type { SessionReader } from '../../types/index.d.ts'
import { hasMethods, unexpected } from '../tools/check-options.ts'
import { overlaps } from './neighbours.ts'

const REMEDY = 'for example `fromFastifySession({ secret, store })` of fastsessions/migrate'

/**
 * The option `migrateFrom`, checked.
 *
 * @param ownNames the names of our cookie: with `secure: 'auto'` one for each scheme
 * @throws InvalidOptionsError for what is no reader, and for a reader of a cookie that has the name of ours
 */
export function readersOf (readers: unknown, ownNames: readonly string[]): readonly SessionReader[] {
  if (readers === undefined) return []
  if (!Array.isArray(readers)) throw unexpected('migrateFrom', 'an array of readers', readers, REMEDY)
  return Object.freeze(Array.from(readers as unknown[], (reader, index) => checked(reader, `migrateFrom.${index}`, ownNames)))
}

function checked (reader: unknown, path: string, ownNames: readonly string[]): SessionReader {
  if (!hasMethods(reader, ['read'])) throw unexpected(path, 'a reader, with name, cookieName and read', reader, REMEDY)
  const { name, cookieName, clear = false } = reader as Partial<SessionReader>
  if (typeof name !== 'string') throw unexpected(`${path}.name`, 'a text', name)
  if (typeof cookieName !== 'string' || cookieName === '') throw unexpected(`${path}.cookieName`, 'the name of a cookie', cookieName)
  if (typeof clear !== 'boolean') throw unexpected(`${path}.clear`, 'a boolean', clear)
  const own = ownNames.find(known => overlaps(known, cookieName))
  if (own === undefined) return reader as unknown as SessionReader
  const remedy = 'old nodes and ours would take the cookie from each other: set `cookie.name` to a new name'
  throw unexpected(`${path}.cookieName`, `a name that does not overlap with that of our cookie (${own})`, cookieName, remedy)
}
