import type { ForeignCookies, ForeignRejection, ForeignSession, SessionReader } from '../../types/index.d.ts'
import { DAY_MS, START } from './times.ts'

/** The sessions of a library that exists in tests only. Its cookie `old` has the key of a session. */
export class OldLibrary implements SessionReader {
  readonly name = 'the old library'
  readonly cookieName = 'old'
  readonly clear: boolean
  readonly sessions = new Map<string, Record<string, unknown>>()
  /** How often a session was asked for. */
  reads = 0
  expiresAt: number | null = START + DAY_MS
  /** Runs at each read; may throw or wait. */
  before: () => unknown = () => {}

  constructor ({ clear = false }: { clear?: boolean } = {}) { this.clear = clear }

  /** Signs somebody in, and answers with the cookie. */
  begin (data: Record<string, unknown>): string {
    const key = `key-${this.sessions.size}`
    this.sessions.set(key, data)
    return `old=${key}`
  }

  async read (cookies: ForeignCookies): Promise<ForeignSession | ForeignRejection | null> {
    const [key] = cookies.valuesOf('old')
    if (key === undefined) return null
    this.reads++
    await this.before()
    const data = this.sessions.get(key)
    if (data === undefined) return { rejected: 'unknown', secret: `secret of ${key}` }
    return { data, expiresAt: this.expiresAt, secret: `secret of ${key}`, remove: () => this.sessions.delete(key) }
  }
}
