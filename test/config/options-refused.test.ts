import t from 'tap'
import { parseLifetime } from '../../lib/config/lifetime-options.ts'
import { resolveOptions } from '../../lib/config/options.ts'
import { PEERS_OPTIONS } from '../../lib/config/peers.ts'
import { InvalidOptionsError, MemoryBackend } from '../../lib/index.ts'
import { createApp, SECRET } from '../helpers/app.ts'
import { refusalOf } from '../helpers/config.ts'
import { read } from '../helpers/documents.ts'

const DURATION = 'a number of seconds above 0, or a string such as \'30m\', \'12h\' or \'14d\''
const COOKIE_NAME = 'a cookie name: letters, digits and !#$%&\'*+-.^_`|~ (RFC 6265bis)'
const COOKIE_PATH = 'an absolute path without control characters, blanks at its ends, a semicolon or <'

/** Options beside a good secret, and the message they are refused with. */
const refused: Array<[options: object, message: string]> = [
  // Values that are no duration
  ...[0, -1, NaN, Infinity, -Infinity, '', '5', '5 s', '-5s', '5w', '1e3s', '5S', 'soon', true, [], {}].map((value): [object, string] =>
    [{ idleTimeout: value }, `Expected \`idleTimeout\` to be ${DURATION}, got ${shown(value)}`]),
  [{ idleTimeout: null }, `Expected \`idleTimeout\` to be ${DURATION}, got null`],
  [{ idleTimeout: '0s' }, 'Expected `idleTimeout` to be a finite duration above 0, got "0s" (string)'],
  [{ idleTimeout: 1e308 }, 'Expected `idleTimeout` to be a finite duration above 0, got 1e+308 (number)'],
  [{ absoluteTimeout: 'x' }, `Expected \`absoluteTimeout\` to be ${DURATION}, or null, got "x" (string)`],
  [{ absoluteTimeout: '0d' }, 'Expected `absoluteTimeout` to be a finite duration above 0, got "0d" (string)'],
  [{ timeout: null }, `Expected \`timeout\` to be ${DURATION}, got null`],
  [{ timeout: '0s' }, 'Expected `timeout` to be a finite duration above 0, got "0s" (string)'],
  // Options that contradict each other
  [{ idleTimeout: '2h', absoluteTimeout: '1h' }, 'Expected `idleTimeout` to be at most `absoluteTimeout` (3600 s), got 7200 s'],
  [{ idleTimeout: '401d', cookie: { persistent: true } }, 'Expected `idleTimeout` to be at most 400 days where `cookie.persistent` is true, got "401d" (string); browsers keep no cookie for longer (RFC 6265bis, 5.5)'],
  [{ absoluteTimeout: '401d', cookie: { persistent: true } }, 'Expected `absoluteTimeout` to be at most 400 days where `cookie.persistent` is true, got "401d" (string); browsers keep no cookie for longer (RFC 6265bis, 5.5)'],
  [{ idleTimeout: '30d', absoluteTimeout: '401d', cookie: { persistent: true } }, 'Expected `absoluteTimeout` to be at most 400 days where `cookie.persistent` is true, got "401d" (string); browsers keep no cookie for longer (RFC 6265bis, 5.5)'],
  [{ onConflict: 'error' }, 'Expected `onConflict` to be \'merge\' with a backend that is not atomic, got "error" (string); conflicts cannot be told there'],
  [{ cookie: { sameSite: 'none', secure: false } }, 'Expected `cookie.secure` to be true where `cookie.sameSite` is \'none\', got false (boolean); browsers refuse the cookie otherwise'],
  [{ cookie: { sameSite: 'none', secure: 'auto' } }, 'Expected `cookie.secure` to be true where `cookie.sameSite` is \'none\', got "auto" (string); browsers refuse the cookie otherwise'],
  [{ cookie: { partitioned: true, secure: false } }, 'Expected `cookie.secure` to be true where `cookie.partitioned` is true, got false (boolean); browsers refuse the cookie otherwise'],
  [{ cookie: { partitioned: true, secure: 'auto' } }, 'Expected `cookie.secure` to be true where `cookie.partitioned` is true, got "auto" (string); browsers refuse the cookie otherwise'],
  ...['__Host-', '__host-', '__HOST-', '__Secure-', '__secure-', '__sEcUrE-'].flatMap((prefix): Array<[object, string]> => [
    [{ cookie: { name: `${prefix}x`, secure: false } }, `Expected \`cookie.secure\` to be true where the name begins with ${prefix}, got false (boolean); choose another name, or true`],
    [{ cookie: { name: `${prefix}x`, secure: 'auto' } }, `Expected \`cookie.secure\` to be true where the name begins with ${prefix}, got "auto" (string); choose another name, or true`]
  ]),
  ...[{ path: '/app' }, { domain: 'example.com' }].flatMap(part => ['__Host-x', '__hOST-x'].map((name): [object, string] =>
    [{ cookie: { name, ...part } }, `Expected \`cookie.name\` to be without the prefix __Host- where a path other than / or a domain is set, got "${name}" (string)`])),
  // Values that are no name, path or domain
  ...['', 'a b', 'a;b', 'a=b', 'a,b', 'ä', 'a"b', 'a\n', 'a(b)', 'x'.repeat(257)].map((name): [object, string] =>
    [{ cookie: { name } }, `Expected \`cookie.name\` to be ${COOKIE_NAME}, got ${shown(name)}`]),
  ...['', 'app', '/a;b', '/a\n', '/ä', '/a ', '/a<b', '/' + 'x'.repeat(1024)].map((path): [object, string] =>
    [{ cookie: { path } }, `Expected \`cookie.path\` to be ${COOKIE_PATH}, got ${shown(path)}`]),
  ...['', '-a.com', 'a..com', 'a.com;', 'a b', 'x'.repeat(64) + '.com', 'http://a.com'].map((domain): [object, string] =>
    [{ cookie: { domain } }, `Expected \`cookie.domain\` to be a host name such as 'example.com', got ${shown(domain)}`]),
  [{ property: 'my-session' }, 'Expected `property` to be a JavaScript identifier, got "my-session" (string)'],
  // Wrong types and values
  [{ cookie: 'sid' }, 'Expected `cookie` to be an object of cookie options, got "sid" (string)'],
  [{ cookie: null }, 'Expected `cookie` to be an object of cookie options, got null'],
  [{ cookie: { httpOnly: 'yes' } }, 'Expected `cookie.httpOnly` to be a boolean, got "yes" (string)'],
  [{ cookie: { sameSite: 'Lax' } }, 'Expected `cookie.sameSite` to be \'lax\', \'strict\' or \'none\', got "Lax" (string)'],
  [{ cookie: { partitioned: 1 } }, 'Expected `cookie.partitioned` to be a boolean, got 1 (number)'],
  [{ cookie: { priority: 'urgent' } }, 'Expected `cookie.priority` to be \'low\', \'medium\' or \'high\', got "urgent" (string)'],
  [{ cookie: { secure: 'maybe' } }, 'Expected `cookie.secure` to be true, false or \'auto\', got "maybe" (string)'],
  [{ cookie: { persistent: 1n } }, 'Expected `cookie.persistent` to be a boolean, got 1 (bigint)'],
  ...[-0.1, 1.1, NaN, '0.5'].map((value): [object, string] => [{ renewAfter: value }, `Expected \`renewAfter\` to be a number from 0 to 1, got ${shown(value)}`]),
  ...[0, 1.5, 2 ** 31, '1'].map((value): [object, string] => [{ schemaVersion: value }, `Expected \`schemaVersion\` to be an integer from 1 to 2147483647, got ${shown(value)}`]),
  [{ encrypt: 'yes' }, 'Expected `encrypt` to be a boolean, or an object with the functions seal and open, got "yes" (string)'],
  [{ encrypt: null }, 'Expected `encrypt` to be a boolean, or an object with the functions seal and open, got null'],
  [{ onConflict: 'overwrite' }, 'Expected `onConflict` to be \'merge\', \'error\' or a function, got "overwrite" (string)'],
  [{ onUnavailable: 'ignore' }, 'Expected `onUnavailable` to be \'error\' or \'anonymous\', got "ignore" (string)'],
  [{ migrate: {} }, 'Expected `migrate` to be a function, got an object of Object'],
  [{ now: 5 }, 'Expected `now` to be a function, got 5 (number)'],
  [{ serializer: JSON.stringify }, 'Expected `serializer` to be an object with the functions serialize and deserialize, got a value of type function'],
  [{ serializer: { serialize: JSON.stringify } }, 'Expected `serializer` to be an object with the functions serialize and deserialize, got an object of Object'],
  [{ serializer: { deserialize: JSON.parse } }, 'Expected `serializer` to be an object with the functions serialize and deserialize, got an object of Object'],
  [{ serializer: { serialize: () => 5, deserialize: JSON.parse } }, 'Expected `serializer` to be able to serialize an empty object, got an object of Object; The session cannot be stored: `session` was serialized to number, expected a string'],
  // Backends without their methods
  [{ backend: MemoryBackend }, 'Expected `backend` to be a session backend with the methods read, write and remove, got a value of type function'],
  [{ backend: [] }, 'Expected `backend` to be a session backend with the methods read, write and remove, got a value of type array'],
  ...['read', 'write', 'remove'].map((method): [object, string] => [
    { backend: { read () {}, write () {}, remove () {}, [method]: undefined } },
    `Expected \`backend.${method}\` to be a function, got undefined; a session backend has the methods read, write and remove`
  ]),
  // Unknown keys
  [{ secrets: [] }, 'Unknown option `secrets`; the nearest known one is `secret`'],
  [{ IdleTimeOut: 5 }, 'Unknown option `IdleTimeOut`; the nearest known one is `idleTimeout`'],
  [{ cookie: { samesite: 'lax' } }, 'Unknown option `cookie.samesite`; the nearest known one is `cookie.sameSite`'],
  [{ rubbish: 5 }, 'Unknown option `rubbish`'],
  [{ rubbish: 5, secrets: 1 }, 'Unknown option `rubbish`. Unknown option `secrets`; the nearest known one is `secret`']
]

function shown (value: unknown): string {
  if (Array.isArray(value)) return 'a value of type array'
  return typeof value === 'object' ? 'an object of Object' : `${typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : String(value)} (${typeof value})`
}

for (const [options, message] of refused) {
  t.test(`is refused: ${message.slice(0, 90)}`, async t => {
    const error = await refusalOf({ secret: SECRET, ...options })
    t.ok(error instanceof InvalidOptionsError)
    t.equal(error.message, message)
  })
}

for (const [options, message] of [
  [{ store: {} }, /^Unknown option `store`; a store is a `backend` here/],
  [{ key: 'x' }, /`secret` here \(docs\/guides\/from-secure-session\.md\)$/], [{ password: 'x' }, /`secret`/], [{ cookieName: 'x' }, /`cookie\.name`/], [{ sessionName: 'x' }, /`property`/],
  [{ ttl: 5 }, /`idleTimeout` and `absoluteTimeout`, in seconds/], [{ maxAge: 5 }, /`idleTimeout`/], [{ cookie: { maxAge: 5 } }, /^Unknown option `cookie\.maxAge`; .*`idleTimeout`/],
  [{ cookie: { expires: 5 } }, /`idleTimeout`/], [{ cookie: { signed: true } }, /sealed/], [{ rolling: true }, /`renewAfter`/],
  [{ resave: false }, /nothing to set/], [{ saveUninitialized: false }, /nothing to set/], [{ genid: () => '1' }, /256 random bits/],
  [{ idGenerator: () => '1' }, /256 random bits/], [{ unset: 'destroy' }, /destroy\(\)/], [{ salt: 'x' }, /no salt/],
  [{ prefix: 's:' }, /`prefix` of the backend/], [{ cookiePrefix: 's:' }, /has no prefix; `migrateFrom` reads cookies that have one \(docs\/guides\/from-fastify-session\.md\)$/],
  [{ cookieOptions: { path: '/' } }, /are `cookie` here/], [{ expiry: 5 }, /`idleTimeout`/], [{ expires: 5 }, /`idleTimeout`/], [{ proxy: true }, /`trustProxy`/]
] as Array<[object, RegExp]>) {
  t.test(`an option of a different session plugin leads to what does it here: ${JSON.stringify(Object.keys(options))} ${String(message)}`, async t => {
    t.match((await refusalOf({ secret: SECRET, ...options })).message, message)
  })
}

t.test('each hint for who comes from another plugin ends with a page that has the option', t => {
  for (const [option, hint] of Object.entries(PEERS_OPTIONS)) {
    const page = / \((docs\/guides\/[\w-]+\.md)\)$/.exec(hint)?.[1]
    t.type(page, 'string', option)
    const name = option.split('.').at(-1)!
    if (page !== 'docs/guides/moving-in.md') t.match(read(page!), new RegExp(`\`(?:[\\w.]+\\.)?${name}\\b`), option)
  }
  t.end()
})

t.test('a number of milliseconds is refused as a timeout', async t => {
  for (const name of ['idleTimeout', 'absoluteTimeout', 'timeout']) {
    t.match((await refusalOf({ secret: SECRET, [name]: 1_209_600_000 })).message,
      `Expected \`${name}\` to be at most ten years as a number, got 1209600000 (number); seconds, not milliseconds?`)
  }
  const { lifetime } = resolveOptions({})
  t.throws(() => parseLifetime({ idleTimeout: 1_209_600_000 }, lifetime), { code: 'SES_INVALID_OPTIONS', message: /`lifetime\.idleTimeout`.*not milliseconds/ })
  t.same(parseLifetime({ idleTimeout: 315_576_000 }, lifetime), { idleTimeout: 315_576_000_000 })
  t.same(parseLifetime({ idleTimeout: '14000d' }, lifetime), { idleTimeout: 14_000 * 86_400_000 })
})

t.test('both halves of a combination are fine on their own', async t => {
  for (const cookie of [
    { name: '__Secure-x', path: '/app', domain: '.example.com' }, { name: '__HOST-x' }, { sameSite: 'none' as const }, { partitioned: true }, { secure: 'auto' as const },
    { path: '/a b/c' }, { domain: 'localhost' }, { name: '!#$%&\'*+-.^_`|~09azAZ' }
  ]) {
    await t.resolves(createApp(t, { secret: SECRET, cookie }))
  }
  await t.resolves(createApp(t, { backend: new MemoryBackend(), onConflict: 'error' }))
})

for (const prefix of ['__Http-', '__http-', '__Host-Http-', '__hOST-hTTP-']) {
  t.test(`a name with ${prefix} needs what the prefix says`, async t => {
    const refusal = async (cookie: object) => (await refusalOf({ secret: SECRET, cookie: { name: `${prefix}x`, ...cookie } })).message
    t.match(await refusal({ httpOnly: false }), `Expected \`cookie.httpOnly\` to be true where the name begins with ${prefix}, got false (boolean)`)
    for (const secure of [false, 'auto']) t.match(await refusal({ secure }), `Expected \`cookie.secure\` to be true where the name begins with ${prefix}, got `)
    await t.resolves(createApp(t, { secret: SECRET, cookie: { name: `${prefix}x` } }))
    const narrow = createApp(t, { secret: SECRET, cookie: { name: `${prefix}x`, path: '/app' } })
    if (prefix.length > '__Http-'.length) await t.rejects(narrow, { message: /^Expected `cookie.name` to be without the prefix __Host-/ })
    else await t.resolves(narrow)
  })
}
