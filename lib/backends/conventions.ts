import type { FastifyBaseLogger } from 'fastify'
import { BackendUnavailableError } from '../errors.ts'
import { optionsCheck } from '../tools/check-options.ts'
import type { OptionSchema } from '../tools/option-schema.ts'

/**
 * Sessions of this property lie directly under the prefix or in the folder of a backend. The name of a different property
 * becomes a part of the prefix, or a folder of its own.
 */
export const MAIN_PROPERTY = 'session'

/** How many sessions a page of `list()` has where no `limit` is given. */
export const DEFAULT_PAGE = 100

/**
 * An entry in the index of a subject or label comes before its session. For so long, an entry without a session may be that of a session
 * about to be stored; later its session has ended.
 */
export const YOUNG_MS = 300_000

/** A check of a backend's options: an object with these properties, given as JSON Schemas, and no further properties. */
export function backendOptionsCheck (properties: Readonly<Record<string, OptionSchema>>): ReturnType<typeof optionsCheck> {
  return optionsCheck({ description: 'an object of options', type: 'object', additionalProperties: false, properties })
}

/**
 * For a listing: what reading a single session came to, or `'newer'` for a session which a newer version of this library
 * stored. Such a session must not make the list fail for all sessions, and its entry in an index must stay.
 */
export function ignoreNewer (error: unknown): 'newer' {
  if (error instanceof BackendUnavailableError) return 'newer'
  throw error
}

/** A warning of the same text, logged at its first call only: a store full of foreign data must not fill the log. */
export function warnOnce (log: FastifyBaseLogger | undefined, text: string): () => void {
  let hasWarned = false
  return () => {
    if (!hasWarned) log?.warn(text)
    hasWarned = true
  }
}
