import type { Duration } from '../../types/index.d.ts'
import { COOKIE_NAME } from '../record/cookie-text.ts'
import { optionsCheck, unexpected } from '../tools/check-options.ts'
import { A_DURATION, DURATIONS, durationOf } from '../tools/option-duration.ts'
import type { OptionSchema } from '../tools/option-schema.ts'

/** What every reader can be told. */
export interface ReaderOptions {
  /** The name of the library's cookie. */
  cookieName?: string
  /** Whether the library's cookie and record are removed once the session is ours. Set it when no old node is left. @default false */
  clear?: boolean
  /** Where the library set its cookie, so that it can be cleared there. @default `{ path: '/' }` */
  cookie?: Readonly<{ path?: string, domain?: string }>
}

/** One secret or several, all of which are tried; a string stands for its UTF-8 bytes. */
export type Secrets = string | Uint8Array | ReadonlyArray<string | Uint8Array>

export const duration: OptionSchema = { description: A_DURATION, anyOf: DURATIONS }
export const durationOrNull: OptionSchema = { description: `${A_DURATION}, or null`, anyOf: [...DURATIONS, { type: 'null' }] }
/** What the reader checks by itself. */
export const anything: OptionSchema = {}

const common: Readonly<Record<string, OptionSchema>> = {
  cookieName: { description: 'the name of a cookie', type: 'string', pattern: COOKIE_NAME },
  clear: { description: 'a boolean', type: 'boolean' },
  cookie: {
    description: 'an object of path and domain',
    type: 'object',
    additionalProperties: false,
    properties: {
      path: { description: 'a path that starts with /', type: 'string', pattern: '^/' },
      domain: { description: 'a domain', type: 'string', minLength: 1 }
    }
  }
}

/** A check of a reader's options: these properties, those that all readers have, and no further ones. */
export function readerCheck (reader: string, properties: Readonly<Record<string, OptionSchema>>): (options: unknown) => void {
  const all = { ...common, ...properties }
  const check = optionsCheck({ description: 'an object of options', type: 'object', additionalProperties: false, properties: all })
  return options => { check(options, reader) }
}

/** Milliseconds; `undefined` where the option is not given. */
export function maxAgeOf (reader: string, maxAge: Duration | undefined): number | undefined {
  return maxAge === undefined ? undefined : durationOf(`${reader}.maxAge`, maxAge)
}

/**
 * The bytes of one secret or of several: copies, which nobody changes.
 *
 * @throws InvalidOptionsError
 */
export function secretsOf (path: string, secret: unknown): Buffer[] {
  const secrets: unknown[] = Array.isArray(secret) ? secret : [secret]
  if (secrets.length === 0) throw unexpected(path, 'a secret, or several in an array', secret)
  return secrets.map(one => {
    const bytes = bytesOf(one)
    if (bytes !== null && bytes.length > 0) return bytes
    throw unexpected(path, 'a secret, as a string or a Buffer, or several in an array', one)
  })
}

/** A copy of the bytes; a string stands for its UTF-8 bytes. `null` for anything else. */
export function bytesOf (value: unknown): Buffer | null {
  return typeof value === 'string' || value instanceof Uint8Array ? Buffer.from(value as string) : null
}
