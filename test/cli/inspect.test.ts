import t from 'tap'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import type { SessionOptions, Sessions } from '../../types/index.d.ts'
import { createApp, OLD_SECRET, SECRET } from '../helpers/app.ts'
import { cli, configOf, ONE_LINE, type RunOptions } from '../helpers/cli.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { START } from '../helpers/times.ts'

const env = { SESSION_SECRET: SECRET }

async function cookieOf (t: Parameters<typeof createApp>[0], options: SessionOptions, data: object = { user: 'ada' }): Promise<string> {
  const app = await createApp(t, options) as unknown as Record<string, Sessions>
  return (await app[`${options.property ?? 'session'}s`]!.create(data as never, { subject: 'ada', labels: ['acme'], level: 'mfa' })).cookie
}

async function inspect (stdin: RunOptions['stdin'], options: RunOptions = { env }, ...args: string[]) {
  return await cli(['inspect', ...args], { ...options, ...(stdin !== undefined && { stdin }) })
}

t.test('the secret alone opens a cookie, as a value, as name=value, and in the headers of browser and server', async t => {
  const cookie = await cookieOf(t, { secret: SECRET })
  const value = cookie.slice('__Host-session='.length)
  for (const stdin of [value, `${value}\n`, cookie, `a=b; ${cookie}; c=d`, `Cookie: a=1; ${cookie}\r\n`, `set-cookie: ${cookie}; Path=/; Secure`, [Buffer.from(cookie), '\n']]) {
    const { status, out, err } = await inspect(stdin)
    t.strictSame([status, err], [0, ''])
    t.match(out, /^cookie +__Host-session\nid +[\w-]{22}\nsubject +ada\ncreated +\S+ \S+Z\n.*sealed with +the first secret\nends in +1[34] days\ndata +\n\{\n {2}"user": "ada"\n\}\n$/s)
    t.notMatch(out, SECRET)
  }
  t.match((await inspect(cookie, { env }, '--json')).json, {
    cookie: '__Host-session',
    parts: 1,
    valid: true,
    rejected: null,
    endedBecause: null,
    session: { subject: 'ada', labels: ['acme'], level: 'mfa', about: null, sealedWith: 'the first secret', data: { user: 'ada' } }
  })
})

t.test('cookies of other names and properties open too', async t => {
  const plain = await cookieOf(t, { secret: SECRET, cookie: { secure: false } })
  t.match(await inspect(plain), { status: 0, out: /^cookie +session\n/ })
  t.match(await inspect(plain.slice('session='.length), { env }, '--name', 'session'), { status: 0 })
  t.match(await inspect(await cookieOf(t, { secret: SECRET, cookie: { name: 'sid' } })), { status: 0, out: /^cookie +sid\n/ })
  const admin = await cookieOf(t, { secret: SECRET, property: 'admin' })
  t.match(await inspect(admin, { env }, '--property', 'admin'), { status: 0, out: /^cookie +__Host-admin\n/ })
  t.match(await inspect(admin), { status: 1, err: /no session: forged: none of the secrets has sealed it under this name/ })
})

t.test('a cookie in several parts is joined, and one of which a part is missing says so', async t => {
  const cookie = await cookieOf(t, { secret: SECRET }, { text: 'x'.repeat(4_500) })
  t.match(await inspect(cookie), { status: 0, out: /^cookie +__Host-session, in 2 parts\n/ })
  t.match((await inspect(cookie.split('; ')[0], { env }, '--json')), { status: 1, json: { valid: false, rejected: 'incomplete', session: null } })
})

t.test('with a configuration it says which secret has sealed the cookie', async t => {
  const secret = [SECRET, OLD_SECRET]
  const path = configOf(t, { secret, backend: new CookieBackend() })
  const old = await cookieOf(t, { secret: OLD_SECRET })
  t.match(await inspect(old, {}, '--config', path), { status: 0, out: /sealed with +the second secret, or a later one\n/ })
  t.match(await inspect(await cookieOf(t, { secret }), {}, '--config', path), { status: 0, out: /sealed with +the first secret\n/ })
  t.match(await inspect('sid=x', {}, '--config', path), { status: 1, err: /the session's cookie is called __Host-session, and there is none of this name on standard input/ })
  const auto = configOf(t, { secret, cookie: { secure: 'auto' } })
  t.match(await inspect('sid=x', {}, '--config', auto), { status: 1, err: /called __Host-session or session/ })
  t.match(await inspect(await cookieOf(t, { secret, cookie: { secure: false } }), {}, '--config', auto), { status: 0, out: /^cookie +session\n/ })
})

t.test('a session on a server is read from its store', async t => {
  const clock = { now: START }
  const options = { backend: new MemoryBackend(), now: () => clock.now, absoluteTimeout: 60, about: () => ({ agent: 'x' }) }
  const { sessions } = await createApp(t, options)
  const { cookie, id } = await sessions.create({ user: 'ada' }, { subject: 'ada' })
  const path = configOf(t, options)
  const found = await inspect(cookie, {}, '--config', path)
  t.match(found, { status: 0, out: new RegExp(`^cookie +__Host-session\nid +${id}\n.*ends in +60 seconds\n`, 's') })
  t.notMatch(found.out, /sealed/)
  clock.now += 59_000
  t.match(await inspect(cookie, {}, '--config', path), { out: /ends in +1 seconds\n/ })
  await sessions.revoke(id)
  t.match((await inspect(cookie, {}, '--config', path, '--json')), { status: 1, json: { valid: false, rejected: 'regenerated', endedBecause: 'revoked', session: null } })
  t.match(await inspect('A'.repeat(43), {}, '--config', path), { status: 1, err: /no session: unknown: the store has no such session/ })
  t.match(await inspect('A'.repeat(42), {}, '--config', path), { status: 1, err: /no session: malformed/ })
  t.match(await inspect('A'.repeat(44), {}, '--config', path), { status: 1, err: /no session: oversized/ })
})

t.test('a token with a secret behind it is shown by its id, and a used-up secret is no session and ends nothing', async t => {
  const backend = new MemoryBackend()
  const options = { backend, secret: SECRET, renewSecretEvery: '15m' }
  const { sessions } = await createApp(t, options)
  const { cookie, id } = await sessions.create({ user: 'ada' })
  const path = configOf(t, options)
  const found = await inspect(cookie, {}, '--config', path)
  t.match(found, { status: 0, out: new RegExp(`\nid +${id}\n`) })
  const [token, secret] = cookie.split('=')[1]!.split('.') as [string, string]
  const wrong = await inspect(`${token}.${'A'.repeat(22)}`, {}, '--config', path)
  t.match(wrong, { status: 1, out: new RegExp(`\nid +${id}\n`), err: /no session: theft: the secret behind its token was used up, or is none of the session's/ })
  t.notMatch(wrong.out, /ada/)
  t.match(await inspect(token, {}, '--config', path, '--json'), { status: 1, json: { valid: false, rejected: 'theft', session: { id, data: null } } })
  for (const { out, err } of [found, wrong]) for (const text of [token, secret]) t.notOk(`${out}${err}`.includes(text))
  t.match(await inspect(cookie, {}, '--config', configOf(t, { backend })), { status: 0 }, 'without the option the token is enough')
  t.ok(await sessions.exists(id))
})

t.test('of a session that has expired, all is shown but the data', async t => {
  const clock = { now: START }
  const cookie = await cookieOf(t, { secret: SECRET, now: () => clock.now })
  const path = configOf(t, { secret: SECRET, now: () => clock.now + 40 * 86_400_000 })
  const { status, out, err } = await inspect(cookie, {}, '--config', path)
  t.equal(status, 1)
  t.match(out, /subject +ada\n/)
  t.notMatch(out, /user|ends in/)
  t.match(err, ONE_LINE)
  t.match(err, /no session: expired: its deadline has passed/)
})

t.test('what is no record in the store is no session, and no error', async t => {
  const backend = new MinimalBackend()
  const options = { backend }
  const { sessions } = await createApp(t, options)
  const { cookie, id } = await sessions.create({})
  backend.tamper(id, { data: 'no JSON' })
  t.match(await inspect(cookie, {}, '--config', configOf(t, options)), { status: 1, err: /corrupt: what is stored is no session/ })
  backend.tamper(id, { version: -1 })
  t.match(await inspect(cookie, {}, '--config', configOf(t, options)), { status: 1, out: 'cookie  __Host-session\n' })
})

t.test('standard input with nothing, or far too much, is a wrong call', async t => {
  t.match(await inspect(' \n'), { status: 2, err: /there is nothing on standard input/ })
  t.match(await inspect(['x'.repeat(40_000), 'x'.repeat(40_000)]), { status: 2, err: /more than any cookie/ })
  t.match(await inspect('', { env: { SESSION_SECRET: 'short' } }), { status: 2 })
  t.match(await inspect('x', { env: { SESSION_SECRET: 'short' } }), { status: 1, err: /SESSION_SECRET: Expected `secret` to have at least 32 bytes/ })
  t.match(await inspect('x', { env, isTTY: true }), { err: /^Paste the cookie, press Enter, then Ctrl-D:\n/ })
})

t.test('a cookie session that was ended says so, and what is known of it', async t => {
  const revocation = new MemoryBackend()
  const options = { secret: SECRET, backend: new CookieBackend({ revocation }) }
  const path = configOf(t, options)
  const app = await createApp(t, options)
  const { id, cookie } = await app.sessions.create({ user: 'ada' } as never)
  t.match(await inspect(cookie, {}, '--config', path), { status: 0 })
  t.match(await cli(['revoke', id, '--config', path]), { status: 0, out: '1 session ended\n' })
  t.match(await cli(['revoke', '--subject', 'ada', '--config', path]), { status: 0, out: 'all sessions of the subject ended\n' })
  t.match(await inspect(cookie, {}, '--config', path, '--json'), { status: 1, json: { rejected: 'regenerated', session: { id } } })
})
