import { isPlain } from './rules.ts'
import type { Cookie, World } from './world.ts'
import type { RealOutcome, Reality } from './reality.ts'
import type { Outcome, Stored, View } from './steps.ts'

/** Where the application is not as the model says. */
export interface Difference { readonly what: string, readonly expected: unknown, readonly actual: unknown }

/** So many of the last cookies are tried after each request. */
const OLD_COOKIES = 5

export class Comparison {
  readonly #world: World
  readonly #reality: Reality
  /** The real id that each name of the model stands for. */
  readonly #ids = new Map<string, string>()

  constructor (world: World, reality: Reality) {
    this.#world = world
    this.#reality = reality
  }

  /** @param isTouched whether the handler looked at the session */
  outcome (expected: Outcome, actual: RealOutcome, isTouched: boolean, isSignedIn: boolean): Difference | null {
    if (expected.status !== actual.status) return differ('status', expected.status, actual.status)
    for (const [index, view] of expected.views.entries()) {
      const difference = this.#view(`view ${index}`, view, actual.views[index]!)
      if (difference !== null) return difference
    }
    if (actual.cookie !== expected.cookie && !(expected.cookie === 'may' && actual.cookie !== 'clear')) {
      return differ('Set-Cookie', expected.cookie, actual.cookie)
    }
    return headers(expected, actual, isTouched, isSignedIn)
  }

  async afterwards (): Promise<Difference | null> {
    await this.#reality.settled()
    return this.#held() ?? await this.#stored()
  }

  // Section 4.5: a persistent cookie ends with its session, rounded up to seconds; another one with the browser.
  #held (): Difference | null {
    const [expected, actual] = [this.#world.cookie, this.#reality.jar.cookie]
    if (expected === null || actual === null) {
      return expected === actual ? null : differ('the cookie', expected?.id ?? null, actual?.text ?? null)
    }
    const [end, kept] = [expected.endsAt, actual.endsAt]
    const isRight = end === null || kept === null ? end === kept : end > kept.after && end <= kept.until
    return isRight ? null : differ('the end of the cookie', end, kept)
  }

  async #stored (): Promise<Difference | null> {
    const { traits } = this.#world
    const headers = [...this.#reality.jar.given].slice(-OLD_COOKIES)
    const opened = []
    for (const header of headers) opened.push(await this.#reality.opened(header))
    const given = distinct(this.#world.given, traits.inCookie).slice(-OLD_COOKIES)
    const difference = this.#all('what cookies open', given.map(cookie => this.#load(cookie)), opened)
    if (difference !== null) return difference
    const held = this.#all('what the browser\'s cookie opens',
      [this.#load(this.#world.cookie)], [await this.#reality.opened(this.#reality.jar.header)])
    if (held !== null || !traits.lists) return held
    const [live, listed, count] = [this.#world.live(), await this.#reality.listed(), await this.#reality.app.sessions.count()]
    if (count !== live.length) return differ('the number of stored sessions', live.length, count)
    return this.#all('what is stored', this.#inOrder(live), listed.sort(byId))
  }

  #inOrder (live: Stored[]): Stored[] { return [...live].sort((a, b) => byId({ id: this.#real(a.id) }, { id: this.#real(b.id) })) }
  #real (id: string): string { return this.#ids.get(id) ?? id }

  #load (cookie: Cookie | null): Stored | null {
    const record = this.#world.load(cookie)
    return record === null ? null : this.#world.shown(record)
  }

  #all (what: string, expected: Array<Stored | null>, actual: Array<Stored | null>): Difference | null {
    if (expected.length !== actual.length) return differ(what, expected, actual)
    for (const [index, stored] of expected.entries()) {
      const real = actual[index]!
      if (stored === null || real === null) {
        if (stored !== real) return differ(what, stored, real)
        continue
      }
      const difference = this.#same(what, { ...stored }, { ...real })
      if (difference !== null) return difference
    }
    return null
  }

  #view (what: string, expected: View, actual: View): Difference | null {
    const { more } = expected
    if (more === null) return this.#same(what, { ...expected, more: null }, { ...actual, more: null })
    return this.#same(what, { ...expected, ...more, more: null }, { ...actual, ...actual.more, more: null })
  }

  /** Compares, where a name of the model stands for one and the same id each time. */
  #same (what: string, expected: Readonly<Record<string, unknown>>, actual: Readonly<Record<string, unknown>>): Difference | null {
    const [id, real] = [expected['id'], String(actual['id'])]
    if (typeof id === 'string') {
      if (!this.#ids.has(id) && ![...this.#ids.values()].includes(real)) this.#ids.set(id, real)
      if (this.#ids.get(id) !== real) return differ(`${what}: the id`, id, this.#nameOf(real))
    }
    const [left, right] = [{ ...expected, id: null }, { ...actual, id: null }].map(sorted)
    return left === right ? null : differ(what, expected, actual)
  }

  #nameOf (real: string): string { return [...this.#ids].find(([, id]) => id === real)?.[0] ?? 'a new id' }
}

/** Section 4.8. */
function headers (
  expected: Outcome, { headers: { vary, cacheControl }, cookie }: RealOutcome, isTouched: boolean, isSignedIn: boolean
): Difference | null {
  const variesByCookie = /\bcookie\b/i.test(vary)
  if (variesByCookie !== isTouched) return differ('Vary: Cookie', isTouched, vary)
  const isKept = !/\bno-store\b/.test(cacheControl)
  const mayKeep = expected.status === 200 && cookie === 'none' && !(isTouched && isSignedIn)
  return isKept === mayKeep ? null : differ('Cache-Control: whether the answer may be kept', mayKeep, cacheControl)
}

function distinct (cookies: readonly Cookie[], inCookie: boolean): Cookie[] {
  return inCookie ? [...cookies] : [...new Map(cookies.map(cookie => [cookie.id, cookie])).values()]
}

function differ (what: string, expected: unknown, actual: unknown): Difference { return { what, expected, actual } }

function byId (a: { id: string }, b: { id: string }): number { return a.id < b.id ? -1 : 1 }

/** The order of keys does not count. */
function sorted (value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => isPlain(item) ? Object.fromEntries(Object.entries(item).sort()) : item)
}
