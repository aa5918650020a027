import Fastify from 'fastify'
import t from 'tap'
import { InvalidOptionsError, optionsSchema } from '../../lib/index.ts'
import { missingSecret, optionsCheck, unexpected } from '../../lib/tools/check-options.ts'
import { refusalOf } from '../helpers/config.ts'

const SHORT = 'hunter2*Zq9#Vw7K'
const LONG = 'hunter2*Zq9#Vw7Kx8!Jf3~Mb6^Tn1&Pd4'

/** Whether a message gives away four characters in a row of a secret. */
function givesAway (message: string, secret: string): boolean {
  for (let start = 0; start + 4 <= secret.length; start++) if (message.includes(secret.slice(start, start + 4))) return true
  return false
}

const bad: Array<[name: string, options: unknown, message: string | RegExp]> = [
  ['a secret that is missing', {}, /^Expected `secret` to be at least 32 random bytes, got undefined; the cookie backend needs it: node -p /],
  ['a secret that is missing for encrypt', { encrypt: true, backend: { read () {}, write () {}, remove () {} } }, /^Expected `secret` to be .*`encrypt` needs it: node -p /],
  ['an empty secret', { secret: '' }, /^Expected `secret` to have at least 32 bytes, got 0; make one with node -p /],
  ['a short secret', { secret: SHORT }, /^Expected `secret` to have at least 32 bytes, got 16; make one with node -p /],
  ['a short Buffer', { secret: Buffer.from(SHORT) }, /^Expected `secret` to have at least 32 bytes, got 16;/],
  ['a short one among several', { secret: [LONG, SHORT] }, /^Expected `secret\.1` to have at least 32 bytes, got 16;/],
  ['no secrets in the array', { secret: [] }, 'Expected `secret` to be at least one secret, got a value of type array'],
  ['a hole in the array', { secret: Object.assign([], { 1: LONG }) }, 'Expected `secret.0` to be a string or Buffer of at least 32 bytes, got undefined'],
  ['a secret in an object', { secret: { key: LONG } }, 'Expected `secret` to be a string or Buffer of at least 32 bytes, got a value of type object'],
  ['a secret that is a number', { secret: 1234567 }, 'Expected `secret` to be a string or Buffer of at least 32 bytes, got a value of type number'],
  ['a secret that is null', { secret: null }, 'Expected `secret` to be a string or Buffer of at least 32 bytes, got null'],
  ['another mistake beside a good secret', { secret: LONG, timeout: 'x' }, /^Expected `timeout`/],
  ['a secret under a wrong key', { secrets: LONG }, 'Unknown option `secrets`; the nearest known one is `secret`'],
  ['a secret as the only argument', LONG, 'Expected `options` to be an object of options, got a value of type string'],
  ['a connection string as the backend', { backend: `redis://user:${LONG}@host` }, 'Expected `backend` to be a session backend with the methods read, write and remove, got a value of type string']
]

for (const [name, options, message] of bad) {
  t.test(`${name} is refused without giving it away`, async t => {
    const error = await refusalOf(options)
    t.ok(error instanceof InvalidOptionsError)
    t.match(error.message, message)
    for (const secret of [SHORT, LONG, '1234567']) t.notOk(givesAway(`${error.message}${String(error.cause)}`, secret))
  })
}

t.test('a message says what was given, whatever it was', async t => {
  const given = (value: unknown) => unexpected('x', 'y', value).message.replace('Expected `x` to be y, got ', '')
  t.equal(given(undefined), 'undefined')
  t.equal(given(null), 'null')
  t.equal(given(-0.5), '-0.5 (number)')
  t.equal(given(5n), '5 (bigint)')
  t.equal(given('a"\n'), '"a\\"\\n" (string)')
  t.equal(given('x'.repeat(100)), `"${'x'.repeat(60)}" (string)`)
  t.equal(given(Symbol('s')), 'a value of type symbol')
  t.equal(given(() => {}), 'a value of type function')
  t.equal(given([]), 'a value of type array')
  t.equal(given(new Map()), 'an object of Map')
  t.equal(given(Object.create(null)), 'an object of no class')
  t.equal(given({ constructor: { name: Symbol('s') } }), 'an object of no class')
})

t.test('an error has a code, a name and the remedy', async t => {
  t.match(unexpected('x', 'y', 1, 'do this'), { name: 'InvalidOptionsError', code: 'SES_INVALID_OPTIONS', message: 'Expected `x` to be y, got 1 (number); do this' })
  t.match(missingSecret('it').message, /it needs it: node -p "crypto\.randomBytes\(32\)/)
})

t.test('the deepest mistake is named, and an unknown key before a wrong value beside it', async t => {
  const check = optionsCheck(optionsSchema)
  t.throws(() => check({ timeout: [], cookie: { secure: 1 } }, ''), { message: /^Expected `cookie\.secure`/ })
  t.throws(() => check({ cookie: { secure: 1, domian: 'x' } }, 'root'), { message: 'Unknown option `root.cookie.domian`; the nearest known one is `root.cookie.domain`' })
})

t.test('nothing at all is refused like empty options', async t => {
  const error = await refusalOf(undefined, Fastify())
  t.match(error.message, /^Expected `secret`/)
})
