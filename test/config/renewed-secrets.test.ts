import t from 'tap'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { fromExpressStore } from '../../lib/express-store.ts'
import { StarletteCookieBackend } from '../../lib/starlette.ts'
import { SECRET } from '../helpers/app.ts'
import { refusalOf } from '../helpers/config.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'

const store = { get () {}, set () {}, destroy () {} }
const backend = new MemoryBackend()
const renewSecretEvery = '15m'

class AnswersOthers extends MemoryBackend { readonly cookies = { maxLength: 9, create: () => ({ id: '', text: '' }), idOf: () => null } }
/** As a wrapper without a class may be. */
const nameless = Object.assign(Object.create(null), { read () {}, write () {}, remove () {} })

for (const [what, options, message] of [
  ['without a secret', { backend, renewSecretEvery }, 'Expected `secret` to be at least 32 random bytes, got undefined; `renewSecretEvery` needs it: *'],
  ['for cookie sessions', { secret: SECRET, renewSecretEvery }, 'Expected `renewSecretEvery` to be left out with CookieBackend, got "15m" (string); it keeps no secret apart from the cookie; sessions on a server do'],
  ['for cookie sessions of Starlette', { backend: new StarletteCookieBackend({ secret: SECRET }), secret: SECRET, renewSecretEvery }, '* left out with StarletteCookieBackend*'],
  ['for a backend that is not atomic', { backend: new MinimalBackend(), secret: SECRET, renewSecretEvery }, '* left out with MinimalBackend, got "15m" (string); it takes an atomic backend to change a secret once'],
  ['for a backend without a class', { backend: nameless, secret: SECRET, renewSecretEvery }, '* left out with this backend, *'],
  ['for a store of express-session', { backend: fromExpressStore(store as never), secret: SECRET, renewSecretEvery }, '* left out with ExpressStoreBackend, * an atomic backend *'],
  ['for cookies that others read', { backend: new AnswersOthers(), secret: SECRET, renewSecretEvery }, '* left out with AnswersOthers, *; the other application makes and reads the same cookies'],
  ['for no duration', { backend, secret: SECRET, renewSecretEvery: 0 }, 'Expected `renewSecretEvery` to be a number of seconds above 0, *'],
  ['for milliseconds', { backend, secret: SECRET, renewSecretEvery: 900_000_000 }, 'Expected `renewSecretEvery` to be at most ten years as a number, *'],
  ['where onTheft is wrong', { backend, secret: SECRET, renewSecretEvery, onTheft: 'ignore' }, 'Expected `onTheft` to be \'report\' or \'end\', got "ignore" (string)'],
  ['where onTheft stands alone', { backend, secret: SECRET, onTheft: 'report' }, 'Expected `onTheft` to be left out without `renewSecretEvery`, got "report" (string); no theft is noticed then']
] as const) {
  t.test(`secrets are not renewed ${what}, and the message says why`, async t => {
    const error = await refusalOf(options)
    t.equal(error.code, 'SES_INVALID_OPTIONS')
    const pattern = message.split('*').map(part => part.replace(/[.?()[\]{}|\\^$+]/g, '\\$&')).join('.*')
    t.match(error.message, new RegExp(`^${pattern}$`, 's'))
  })
}

t.test('a cookie backend is refused even where it is the default', async t => {
  t.match((await refusalOf({ secret: SECRET, renewSecretEvery, backend: new CookieBackend() })).message, /left out with CookieBackend/)
})
