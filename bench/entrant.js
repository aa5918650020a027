import { LONG_BASE } from './contestants/index.js'
import { startContestant } from './child.js'
import { bodyOf, Connection, cookiesOf, requestText } from './connection.js'
import { CONNECTIONS } from './load.js'
import { KEYS, NAME, payloadOf } from './payload.js'

/** What a browser keeps of one cookie, by RFC 6265 and in fact. */
const MAX_COOKIE_CHARS = 4_096
const ID_CHARS = 43

/** A contestant that runs, has been checked, and has cookies to come with. */
export class Entrant {
  cannot = {}
  #own = {}
  #new = {}
  #nextNew = 0

  constructor (contestant, child) {
    Object.assign(this, contestant)
    this.child = child
  }

  /** `browsers`: how many sessions there are for `own` cookies; `newCookies`: for always new ones. */
  static async start (contestant, { urls, sizes, newCookies, browsers = CONNECTIONS, execArgv }) {
    const entrant = new Entrant(contestant, await startContestant(contestant.name, { url: urls[contestant.server] }, execArgv))
    if (contestant.kind === 'base') return entrant
    const connection = await Connection.open(entrant.child.port, { keepsText: true })
    for (const size of sizes) await entrant.#signIn(connection, size, { browsers, newCookies })
    connection.close()
    return entrant
  }

  /** The base line with a long cookie is the same server. */
  static sharing (contestant, { child }) {
    return new Entrant(contestant, child)
  }

  /** The texts of requests for a case, as `load` takes them. */
  requests ({ path, cookies, size }) {
    const isBase = this.kind === 'base'
    const changes = path === '/write' && this.kind === 'cookie'
    const target = isBase ? '/untouched' : path === '/login' ? `/login/${size}` : path
    if (cookies === 'none') return constant([requestText(target)])
    if (isBase) return constant([requestText(target, baseCookie(this.name === LONG_BASE ? size : null))])
    if (cookies === 'own') return changes ? this.#following(target, this.#own[size]) : constant(this.#own[size].map(cookie => requestText(target, cookie)))
    // Goes on where it was, round about through more than any cache holds.
    const all = this.#new[size]
    return () => requestText(target, all[this.#nextNew++ % all.length])
  }

  /** As browsers do: each comes with the cookie that the last answer has set. */
  #following (target, cookies) {
    const texts = cookies.map(cookie => requestText(target, cookie))
    const heard = (index, answer) => {
      const set = cookiesOf(answer)
      if (set.length === 0) return
      cookies[index] = set.join('; ')
      texts[index] = requestText(target, cookies[index])
    }
    return Object.assign(constant(texts), { heard })
  }

  /** A session for all connections at once. */
  oneCookie (size) {
    return this.kind === 'base' ? baseCookie(null) : this.#own[size][0]
  }

  /** All of them: those of many browsers, where there are so many. */
  cookiesOf (size) {
    return this.kind === 'base' ? [baseCookie(null)] : this.#new[size] ?? this.#own[size]
  }

  async #signIn (connection, size, { browsers, newCookies }) {
    const login = async () => cookiesOf(await connection.request(`/login/${size}`))
    const first = await login()
    await this.#check(connection, first, size)
    if (first.some(cookie => cookie.length > MAX_COOKIE_CHARS)) {
      this.cannot[size] = 'its cookie is longer than browsers keep'
      return
    }
    this.#own[size] = []
    for (let n = 0; n < browsers; n++) this.#own[size].push((await login()).join('; '))
    if (this.kind !== 'cookie') return
    this.#new[size] = []
    for (let n = 0; n < newCookies; n++) this.#new[size].push((await login()).join('; '))
  }

  /** @throws Error unless it returns what was stored, before and after a write */
  async #check (connection, cookies, size) {
    const payload = payloadOf(size)
    const expected = JSON.stringify(Object.fromEntries(KEYS.map(key => [key, payload[key]])))
    let cookie = cookies.join('; ')
    await expect('/all', expected)
    await expect('/read', NAME)
    const changed = cookiesOf(await connection.request('/write', cookie))
    if (changed.length > 0) cookie = changed.join('; ')
    await expect('/all', expected)
    const { name } = this
    if (!/^\d+$/.test(bodyOf(await connection.request('/value/n', cookie)))) throw new Error(`${name} lost what was written`)

    async function expect (path, wanted) {
      const body = bodyOf(await connection.request(path, cookie))
      if (body !== wanted) throw new Error(`${name} answered ${path} with ${body.slice(0, 200)} instead of ${wanted.slice(0, 200)}`)
    }
  }
}

const constant = texts => index => texts[index % texts.length]

/** As long as ours for such a payload, in as many parts; as long as an id where there is no payload. */
function baseCookie (size) {
  const chars = size === null ? ID_CHARS : Math.ceil((size + 15) * 4 / 3)
  const text = 'fastify'.repeat(Math.ceil(chars / 7)).slice(0, chars)
  return text.match(/.{1,4030}/g).map((part, index) => `session${index === 0 ? '' : `.${index}`}=${part}`).join('; ')
}
