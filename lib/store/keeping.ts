import type { Instant, SessionRecord, SessionWatch, WriteContext } from '../../types/index.d.ts'
import type { Stored } from '../payload/codec.ts'
import type { Flow } from '../tools/flow.ts'

/** What a session is found by. */
export interface Identity {
  readonly id: string
  /** The cookie's text; `null` where only the first write makes the text. */
  readonly token: string | null
}

/** What differs between sessions on a server (server-side.ts) and sessions in their cookies (in-cookie.ts). */
export interface Keeping {
  readonly isInCookie: boolean
  /** The longest cookie text which can be ours, in bytes. */
  readonly maxTextBytes: number
  /** Whether the texts may have percent signs, which only texts of other libraries have. */
  readonly mayBeEscaped: boolean
  /** Why a text is no session for which the backend has no record. */
  readonly absent: 'unknown' | 'forged'
  /**
   * A fresh id under which nothing is stored.
   *
   * @param seed what a token of ours is made of, in place of random bits
   */
  newIdentity (seed?: string): Identity
  /** What the backend reads for a cookie's text; `null` where the text cannot be ours, and the backend is not asked. */
  keyOf (text: string): string | null
  /** Why texts are no session that have no key. */
  keyless (texts: readonly string[]): 'malformed' | 'oversized' | 'forged'
  /** What names a session in a text that has a key: the text, or its token where a secret is behind it that changes. */
  tokenOf (text: string): string
  /** The cookie's text for a stored session, from its token. */
  textOf (token: string, record: SessionRecord): string
  /** The id which the record under a key must have; `null` where only the record knows. */
  idOf (key: string): string | null
  /**
   * Stores a session if `expectedVersion` stands (`0`: absent), and answers with the session's token (the cookie's text), or
   * `null` when a different version stands. In a cookie every write is a new text, and nothing but an ending can stand in the way.
   */
  insert (stored: Stored, expectedVersion: number, token: string | null, context: WriteContext): Flow<string | null>
  /**
   * The token of a session whose write was answered as usual; `null` for any other answer.
   *
   * @param token that of before
   * @throws SessionTooLargeError for a text that fits no cookies
   */
  tokenFor (stored: Stored, answer: unknown, token: string): string | null
  /** Whether a valid text should be made anew, since it was sealed with an old secret. */
  isStale (token: string): boolean
  /** The record that stands of a session by now; `null` where the session has ended. */
  standing (record: SessionRecord): Flow<SessionRecord | null>
  /** When a session ends unless it is used; `Infinity` where this process cannot know. */
  deadline (record: SessionRecord): Instant
  /** Under which keys beside the id the store reports that the session may have ended. */
  keysOf (record: SessionRecord): readonly string[]
  /** Asks the store to report changes of other processes; `null` where the store cannot. */
  watch (listener: (key: string | null) => void): SessionWatch | null
}
