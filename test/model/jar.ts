import type { LightMyRequestResponse } from 'fastify'
import { cookieLines } from '../helpers/cookies.ts'
import { SECOND } from './settings.ts'
import type { Outcome } from './steps.ts'

interface Kept {
  readonly text: string
  /** When the browser drops the cookie: a time in between, since Max-Age is in seconds and a request takes a while. */
  readonly endsAt: { readonly after: number, readonly until: number } | null
}

/** The cookie that a browser keeps of the answers. A cookie is kept past its end: to end sessions is the server's part. */
export class Jar {
  cookie: Kept | null = null
  /** Every `Cookie` header that was ever right. */
  readonly given = new Set<string>()

  get header (): string { return this.cookie?.text ?? '' }

  /** @returns what the answer to a request from `begin` to `end` did. Throws where it names one cookie twice. */
  receive (response: LightMyRequestResponse, begin: number, end: number): Outcome['cookie'] {
    const lines = cookieLines(response)
    if (lines.length > 1) throw new Error(`several cookies in one answer: ${lines.join(' | ')}`)
    const [line] = lines
    if (line === undefined) return 'none'
    const [text = '', ...attributes] = line.split('; ')
    const maxAge = attributes.find(attribute => attribute.startsWith('Max-Age='))?.slice('Max-Age='.length)
    if (maxAge === '0') {
      this.cookie = null
      return 'clear'
    }
    if (maxAge !== undefined && !/^[1-9]\d*$/.test(maxAge)) throw new Error(`a cookie with Max-Age=${maxAge}`)
    const ms = Number(maxAge) * SECOND
    this.cookie = { text, endsAt: maxAge === undefined ? null : { after: begin + ms - SECOND, until: end + ms } }
    this.given.add(text)
    return 'set'
  }
}
