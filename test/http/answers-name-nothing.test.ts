import t from 'tap'
import { CookieBackend, type SessionBackend } from '../../lib/index.ts'
import { createSite, loose, type LooseSession, type SiteOptions } from '../helpers/app.ts'

/** A key of the data as a user may have given it. */
const KEY = 'diagnosis of Ada'
const INSIDE = /Ada|Backend|Error|Redis|memory/i

/** A backend that fails, or answers nonsense. */
class RedisBackend implements SessionBackend {
  readonly write: SessionBackend['write']

  constructor (write: () => unknown) {
    this.write = write as SessionBackend['write']
  }

  read (): null { return null }
  remove (): void {}
}

interface Failure {
  options?: SiteOptions
  url?: string
  work: (session: LooseSession) => unknown
  status: number
  /** What the log says of it. */
  logged: object
}

const failures: Readonly<Record<string, Failure>> = {
  'a session that is too large': {
    options: { backend: new CookieBackend() },
    work: session => { session.set(KEY, 'x'.repeat(20_000)) },
    status: 500,
    logged: { code: 'SES_TOO_LARGE', keys: [[KEY, Number]], detail: /its largest keys: diagnosis of Ada/ }
  },
  'data that do not match the schema': {
    options: { schema: { additionalProperties: { type: 'number' } } },
    work: session => { session.set(KEY, 'text') },
    status: 500,
    logged: { code: 'SES_INVALID_DATA', path: `session.${KEY}`, detail: /schema: `session.diagnosis of Ada` must be number/ }
  },
  'a key that the schema does not know': {
    options: { schema: { properties: {}, additionalProperties: false } },
    work: session => { session.set(KEY, 'text') },
    status: 500,
    logged: { code: 'SES_INVALID_DATA', detail: /it has `diagnosis of Ada`/ }
  },
  'a value that cannot be stored': {
    work: session => { session.set('list', [{ [KEY]: 1n }]) },
    status: 500,
    logged: { code: 'SES_NOT_SERIALIZABLE', path: `session.list[0].${KEY}`, detail: /`session.list\[0\].diagnosis of Ada` is a BigInt/ }
  },
  'a session that is not loaded': {
    url: '/by-hand',
    work: session => session.get(KEY),
    status: 500,
    logged: { code: 'SES_NOT_LOADED', detail: /GET \/by-hand.*request\.session\.load\(\)/ }
  },
  'a session that ended before': {
    work: async session => {
      session.set(KEY, 1)
      await session.destroy()
      session.set(KEY, 2)
    },
    status: 409,
    logged: { code: 'SES_DESTROYED' }
  },
  'a backend that fails': {
    options: { backend: new RedisBackend(async () => { throw new Error('out of memory') }) },
    work: session => { session.set(KEY, 1) },
    status: 503,
    logged: { code: 'SES_BACKEND_UNAVAILABLE', detail: /RedisBackend/ }
  },
  'a backend that answers nonsense': {
    options: { backend: new RedisBackend(async () => 5) },
    work: session => { session.set(KEY, 1) },
    status: 500,
    logged: { code: 'SES_BACKEND_CONTRACT', detail: /RedisBackend\.write\(\)/ }
  }
}

for (const [what, { options, url, work, status, logged }] of Object.entries(failures)) {
  t.test(`the answer to ${what} names no class and no key, and the log says what it was`, async t => {
    const site = await createSite(t, { backend: 'memory', ...options })
    const response = await site.browser().attempt(request => work(loose(request)), url)
    t.equal(response.statusCode, status)
    t.notMatch(response.json().message, INSIDE)
    t.match(site.errors().at(-1), logged)
  })
}
