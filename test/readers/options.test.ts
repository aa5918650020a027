import { randomBytes } from 'node:crypto'
import t from 'tap'
import * as readers from '../../lib/migrate.ts'
import { TextStore } from '../helpers/foreign.ts'

type Name = Exclude<keyof typeof readers, 'optionsFrom' | 'fromBackend' | 'MigratingBackend'>

const SECRET = 'Zq8vK1xT0wB5nR7jL3mY9cF2hD6gS4pA'
const store = new TextStore()
const right: Record<Name, any> = {
  fromFastifySession: { secret: SECRET, store },
  fromExpressSession: { secret: SECRET, store },
  fromSecureSession: { key: randomBytes(32) },
  fromIronSession: { password: SECRET, cookieName: 'app' },
  fromStarlette: { secret: SECRET },
  fromStarsessions: { secret: SECRET },
  fromLitestar: { secret: SECRET },
  fromStarletteSession: { secret: SECRET }
}

const STORED: readonly Name[] = ['fromFastifySession', 'fromExpressSession']
const KEYS: readonly Name[] = ['fromStarsessions', 'fromLitestar', 'fromStarletteSession']
/** For each reader: what is wrong, and the message. */
const wrong: Array<[Name, unknown, string | RegExp]> = [
  ...(Object.keys(right) as Name[]).flatMap((name): typeof wrong => [
    [name, undefined, `Expected \`${name}\` to be an object of options, got undefined`],
    [name, SECRET, `Expected \`${name}\` to be an object of options, got a value of type string`],
    [name, { ...right[name], cookiename: 'x' }, `Unknown option \`${name}.cookiename\`; the nearest known one is \`${name}.cookieName\``],
    [name, { ...right[name], cookieName: 'a b' }, `Expected \`${name}.cookieName\` to be the name of a cookie, got "a b" (string)`],
    [name, { ...right[name], clear: 'yes' }, `Expected \`${name}.clear\` to be a boolean, got "yes" (string)`],
    [name, { ...right[name], cookie: { path: 'app' } }, `Expected \`${name}.cookie.path\` to be a path that starts with /, got "app" (string)`],
    [name, { ...right[name], cookie: { secure: true } }, new RegExp(`^Unknown option \`${name}.cookie.secure\``)]
  ]),
  ...(['fromFastifySession', 'fromExpressSession', 'fromStarlette', 'fromStarletteSession'] as const).flatMap((name): typeof wrong => [
    [name, { ...right[name], secret: undefined }, `Expected \`${name}.secret\` to be a secret, as a string or a Buffer, or several in an array, got undefined`],
    [name, { ...right[name], secret: [] }, `Expected \`${name}.secret\` to be a secret, or several in an array, got a value of type array`],
    [name, { ...right[name], secret: '' }, /^Expected `from\w+\.secret` to be a secret, .* got a value of type string$/],
    [name, { ...right[name], secret: [SECRET, 5] }, /^Expected `from\w+\.secret` to be a secret, .* got a value of type number$/],
    [name, { ...right[name], maxAge: '2 weeks' }, /^Expected `from\w+\.maxAge` to be a number of seconds/],
    [name, { ...right[name], maxAge: 1_209_600_000 }, /^Expected `from\w+\.maxAge` to be at most ten years .* seconds, not milliseconds/]
  ]),
  ...STORED.flatMap((name): typeof wrong => [undefined, new Map(), { get () {} }, 'redis://user:password@host'].map(given => [
    name, { ...right[name], store: given }, /^Expected `from\w+\.store` to be a store for express-session, with get, set and destroy, got (?!.*password)/
  ])),
  ...KEYS.flatMap((name): typeof wrong => [5, {}, { get: 'x' }].map(given => [
    name,
    name === 'fromStarletteSession' ? { secret: SECRET, store: given } : { store: given },
    /^Expected `from\w+\.store` to be an object with the function get, got .*; for example a client of Redis$/
  ])),
  ['fromFastifySession', { secret: SECRET, store, algorithm: 'rot13' }, 'Expected `fromFastifySession.algorithm` to be the name of a hash, such as sha256, got "rot13" (string)'],
  ['fromExpressSession', { secret: SECRET, store, rolling: 1 }, 'Expected `fromExpressSession.rolling` to be a boolean, got 1 (number)'],
  ['fromSecureSession', {}, 'fromSecureSession needs `key`, or `secret` and `salt`: those of @fastify/secure-session'],
  ...[SECRET, Buffer.alloc(31), 5, [randomBytes(32), SECRET]].map((key): typeof wrong[number] => [
    'fromSecureSession', { key }, /^Expected `fromSecureSession.key` to be a key of 32 bytes, as a Buffer or in base64, or several in an array, got a value of/
  ]),
  ['fromSecureSession', { secret: SECRET.slice(1) }, 'Expected `fromSecureSession.secret` to be a secret of at least 32 bytes, got a value of type string'],
  ['fromSecureSession', { secret: 5 }, 'Expected `fromSecureSession.secret` to be a secret of at least 32 bytes, got a value of type number'],
  ['fromSecureSession', { secret: SECRET, salt: 'short' }, 'Expected `fromSecureSession.salt` to be a salt of 16 bytes, got a value of type string'],
  ['fromSecureSession', { secret: SECRET, salt: 5 }, 'Expected `fromSecureSession.salt` to be a salt of 16 bytes, got a value of type number'],
  ['fromIronSession', { password: SECRET }, 'Expected `fromIronSession.cookieName` to be the name of a cookie, got undefined; iron-session has no default'],
  ...[undefined, null, {}, 5, SECRET.slice(1)].map((password): typeof wrong[number] => [
    'fromIronSession', { cookieName: 'app', password }, /^Expected `fromIronSession.password` to be a password of at least 32 characters, or an object/
  ]),
  ['fromIronSession', { cookieName: 'app', password: { 1: SECRET, 2: 'short' } }, /^Expected `fromIronSession.password.2` to be .*, got a value of type string$/],
  ['fromIronSession', { cookieName: 'app', password: { 1: 5 } }, /^Expected `fromIronSession.password.1` to be .*, got a value of type number$/],
  ...(['fromStarsessions', 'fromLitestar'] as const).flatMap((name): typeof wrong => [{}, { secret: SECRET, store: new Map() }].map(given => [
    name, given, `${name} needs \`secret\` where sessions are in their cookies, or \`store\` where they are not`
  ])),
  ['fromStarsessions', { secret: SECRET, encryption: 'rot13' }, 'Expected `fromStarsessions.encryption` to be \'none\', \'fernet\' or \'aes-gcm\', got "rot13" (string)'],
  ...['short', undefined, 5].flatMap((key): typeof wrong => [
    ['fromStarsessions', { secret: SECRET, encryption: 'fernet', key }, /^Expected `fromStarsessions.key` to be a key of Fernet: base64 of 32 bytes, got (?!.*short)/],
    ['fromStarsessions', { secret: SECRET, encryption: 'aes-gcm', key }, /^Expected `fromStarsessions.key` to be a key of 16, 24 or 32 bytes, .* got (?!.*short)/]
  ]),
  ['fromStarsessions', { secret: SECRET, encryption: 'none', key: SECRET }, /^`fromStarsessions.key` .* `encryption`/],
  ['fromLitestar', { secret: SECRET.slice(1) }, 'Expected `fromLitestar.secret` to be a key of 16, 24 or 32 bytes, as a Buffer or a string, got a value of type string'],
  ['fromLitestar', { store: new Map(), layout: 'sql' }, 'Expected `fromLitestar.layout` to be \'redis\' or \'file\', got "sql" (string)']
]

function errorOf (call: () => unknown): Error | null {
  try {
    call()
    return null
  } catch (error) {
    return error as Error
  }
}

t.test('every factory takes right options', t => {
  for (const [name, options] of Object.entries(right)) t.type(readers[name as Name](options).read, 'function', name)
  t.strictSame(Object.keys(right).sort(), Object.keys(readers).filter(name => /^from(?!Backend)/.test(name)).sort(), 'and these are all')
  t.end()
})

t.test('wrong options are refused at the call, and a message never has a secret', t => {
  for (const [name, options, message] of wrong) {
    const error = errorOf(() => readers[name](options as any))
    t.match(error, { name: 'InvalidOptionsError', message }, `${name}: ${message}`)
    for (let at = 0; at + 6 <= SECRET.length; at++) if (error?.message.includes(SECRET.slice(at, at + 6))) t.fail(error.message)
  }
  t.end()
})

t.test('a secret that the application changes afterwards is not changed in the reader', async t => {
  const key = randomBytes(16)
  const options = { secret: key }
  const reader = readers.fromLitestar(options)
  key.fill(0)
  t.strictSame(await reader.read({ names: [], valuesOf: () => [] }), null)
})
