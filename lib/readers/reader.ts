import type { Awaitable, ForeignCookies, ForeignRejection, ForeignSession, Instant, SessionReader } from '../../types/index.d.ts'
import { isPromise } from '../tools/flow.ts'
import type { CookieText } from './cookie-texts.ts'
import type { ReaderOptions } from './options.ts'

/** What became of one cookie. */
export type Outcome = ForeignSession | ForeignRejection
/** What became of the cookies of a request: `null` where the library has set none. */
export type Found = Outcome | null

/** What one library's sessions look like. */
interface Format {
  /** The library, as it is called in its registry. */
  readonly name: string
  readonly cookieName: string
  readonly ownNames?: (names: readonly string[]) => readonly string[]
  readonly read: (cookies: ForeignCookies, now: Instant) => Awaitable<Found>
}

/** A reader, by the clock of this machine until it is bound to a registration and its clock. */
export function readerOf (format: Format, { clear = false, cookie = {} }: ReaderOptions, now: () => Instant = Date.now): SessionReader {
  const { name, cookieName, ownNames, read } = format
  return {
    name,
    cookieName,
    ...(ownNames !== undefined && { ownNames }),
    clear,
    cookie: { path: '/', ...cookie },
    bind: context => readerOf(format, { clear, cookie }, context.now),
    read: cookies => read(cookies, now())
  }
}

export function rejected (reason: ForeignRejection['rejected']): ForeignRejection { return { rejected: reason } }

/** An authentic cookie whose record is not in the store: with `clear: true`, the session which it led to may be ours already. */
export function unknown (secret: string): ForeignRejection { return { rejected: 'unknown', secret } }

/**
 * Tries texts until one is a session: browsers send several cookies of one name where paths or domains differ.
 *
 * @returns a session; else the first rejection that has a secret, by which the session may be found here; else why the first text is
 * none, or `null` without a text
 */
export function firstOf (
  texts: readonly CookieText[], read: (text: string) => Awaitable<Outcome>, reason: ForeignRejection | null = null
): Awaitable<Found> {
  const [text, ...rest] = texts
  if (text === undefined) return reason
  const next = (outcome: Outcome): Awaitable<Found> => 'data' in outcome ? outcome : firstOf(rest, read, tellingOf(reason, outcome))
  const outcome = text === null ? rejected('malformed') : read(text)
  return isPromise(outcome) ? outcome.then(next) : next(outcome)
}

function tellingOf (first: ForeignRejection | null, other: ForeignRejection): ForeignRejection {
  if (first === null) return other
  return first.secret === undefined && other.secret !== undefined ? other : first
}
