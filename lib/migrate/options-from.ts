import type { SessionOptions } from '../../types/index.d.ts'
import { fromExpressStore } from '../backends/express-store.ts'
import { CookieBackend } from '../backends/cookie.ts'
import { MemoryBackend } from '../backends/memory.ts'
import { InvalidOptionsError } from '../errors.ts'
import { unexpected } from '../tools/check-options.ts'

/** The libraries whose options can be translated. */
export type Peer = '@fastify/session' | '@fastify/secure-session' | 'express-session'

type Given = Readonly<Record<string, unknown>>

/** What becomes of an option of a peer: our options, or an error that says why there are none. */
type Translation = (value: any, path: string) => SessionOptions

const NOTHING: Translation = () => ({})
const SECONDS_PER_MS = 1 / 1_000

/** An option that may have the one value which is our own behaviour. */
function only (accepted: readonly unknown[], remedy: string): Translation {
  return (value, path) => {
    if (accepted.includes(value)) return {}
    throw unexpected(path, `${accepted.map(each => JSON.stringify(each)).join(' or ')}, or left out`, value, remedy)
  }
}

/** An option that has no counterpart, whatever its value is. */
function none (remedy: string): Translation {
  return (_value, path) => { throw new InvalidOptionsError(`\`${path}\` has no counterpart: ${remedy}`) }
}

const IDS = 'ids are made by the plugin, from 256 random bits'
const EMPTY = 'an empty session is never stored, and gets no cookie'
const CHANGED = 'a session is stored when it has changed, and at no other time'

/** The attributes of cookies that all peers share. */
const ATTRIBUTES: Readonly<Record<string, Translation>> = {
  path: path => ({ cookie: { path } }),
  domain: domain => domain === undefined || domain === null ? {} : { cookie: { domain } },
  httpOnly: httpOnly => ({ cookie: { httpOnly } }),
  secure: secure => ({ cookie: { secure } }),
  sameSite: (sameSite, path) => ({ cookie: { sameSite: sameSiteOf(sameSite, path) } }),
  partitioned: partitioned => ({ cookie: { partitioned } }),
  priority: priority => ({ cookie: { priority } }),
  signed: only([false], 'cookies are sealed by the cookie backend, and are random text with any other backend'),
  encode: none('the values of cookies are plain text, and need no encoding'),
  expires: only([null], 'set `maxAge`, which counts from each use')
}

/** `maxAge` of a cookie is how long a session lives, and lets the cookie outlive the browser. */
function lifetime (perSecond: number): Translation {
  return (maxAge, path) => {
    if (maxAge === null) return {}
    if (typeof maxAge !== 'number' || !(maxAge > 0)) throw unexpected(path, 'a number above 0', maxAge)
    return { idleTimeout: maxAge * perSecond, cookie: { persistent: true } }
  }
}

const SERVER_SIDE: Readonly<Record<string, Translation>> = {
  // Tokens are random, and need no signature: other secrets of the peer may be short.
  secret: NOTHING,
  store: store => ({ backend: fromExpressStore(store) }),
  resave: only([false], CHANGED),
  saveUninitialized: only([false], EMPTY),
  rolling: only([true], 'each use extends a session; for a fixed end set `absoluteTimeout` to `maxAge`'),
  genid: none(IDS),
  idGenerator: none(IDS)
}

const PEERS: Readonly<Record<Peer, Readonly<Record<string, Translation>>>> = {
  '@fastify/session': {
    ...SERVER_SIDE,
    cookie: attributes({ ...ATTRIBUTES, maxAge: lifetime(SECONDS_PER_MS), originalMaxAge: NOTHING }),
    cookieName: name => ({ cookie: { name } }),
    cookiePrefix: only([''], 'the value of the cookie has no prefix'),
    algorithm: NOTHING
  },
  'express-session': {
    ...SERVER_SIDE,
    cookie: attributes({ ...ATTRIBUTES, maxAge: lifetime(SECONDS_PER_MS) }),
    name: name => ({ cookie: { name } }),
    proxy: none('Fastify\'s own option `trustProxy` says whether a proxy is believed'),
    unset: only(['keep'], '`await request.session.destroy()` ends a session')
  },
  '@fastify/secure-session': {
    key: key => ({ secret: secretsFrom(key) }),
    secret: secret => ({ secret }),
    salt: NOTHING,
    sessionName: property => ({ property }),
    cookieName: name => ({ cookie: { name } }),
    expiry: (expiry, path) => {
      if (typeof expiry !== 'number' || !(expiry > 0)) throw unexpected(path, 'a number of seconds above 0', expiry)
      return { idleTimeout: expiry }
    },
    cookie: attributes({ ...ATTRIBUTES, maxAge: lifetime(1) })
  }
}

/**
 * The options of a different library as ours, for packages that take session options from their users. What has no counterpart is an
 * error that says so. Sessions of the library are not read: for that there is `migrateFrom`.
 *
 * @param peer the library
 * @example
 * await app.register(sessions, optionsFrom('@fastify/session', { secret, cookieName: 'adminjs', cookie: { secure: false } }))
 * @throws InvalidOptionsError
 */
export function optionsFrom (peer: Peer, options: object): SessionOptions {
  const translations = Object.hasOwn(PEERS, peer) ? PEERS[peer] : undefined
  if (translations === undefined) throw unexpected('peer', `one of ${Object.keys(PEERS).join(', ')}`, peer)
  if (Array.isArray(options)) throw unexpected('options', 'one object of options', options, 'register the plugin once for each session')
  const translated = translate(options as Given, translations, '')
  const backend = peer === '@fastify/secure-session' ? new CookieBackend() : new MemoryBackend()
  return { backend, ...translated }
}

function attributes (translations: Readonly<Record<string, Translation>>): Translation {
  return (given, path) => {
    if (typeof given !== 'object' || given === null) throw unexpected(path, 'an object of cookie options', given)
    return translate(given as Given, translations, `${path}.`)
  }
}

function translate (given: Given, translations: Readonly<Record<string, Translation>>, prefix: string): SessionOptions {
  let ours: SessionOptions = {}
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const path = `${prefix}${name}`
    const translation = Object.hasOwn(translations, name) ? translations[name]! : none('it is no option of the library')
    const { cookie, ...others } = translation(value, path)
    ours = { ...ours, ...others, ...(cookie !== undefined && { cookie: { ...ours.cookie, ...cookie } }) }
  }
  return ours
}

/** Express takes `true` for `'strict'`, and `false` for no attribute, which browsers take for `'lax'`. */
function sameSiteOf (value: unknown, path: string): 'lax' | 'strict' | 'none' {
  if (value === true) return 'strict'
  if (value === false) return 'lax'
  const text = typeof value === 'string' ? value.toLowerCase() : value
  if (text === 'lax' || text === 'strict' || text === 'none') return text
  throw unexpected(path, '\'lax\', \'strict\', \'none\' or a boolean', value)
}

/** Keys of secure-session are bytes, or texts in base64: one, or several of which the first seals. */
function secretsFrom (key: unknown): Buffer | Buffer[] {
  return Array.isArray(key) ? key.map(bytesOf) : bytesOf(key)
}

function bytesOf (key: unknown): Buffer {
  if (typeof key === 'string') return Buffer.from(key, 'base64')
  if (key instanceof Uint8Array) return Buffer.from(key)
  throw unexpected('key', 'a Buffer, a text in base64, or an array of them', undefined)
}
