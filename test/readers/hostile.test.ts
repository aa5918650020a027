import { createHash, createHmac, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import * as readers from '../../lib/migrate.ts'
import { foreignCookies, readAt, TextStore } from '../helpers/foreign.ts'
import { fixture, MADE_AT } from '../helpers/python-sessions.ts'

const SECRET = 'secret'
const LONG = 'a secret of thirty-two characters and more'
const everyReader = [
  readers.fromFastifySession({ secret: [SECRET, LONG], store: new TextStore(), cookieName: 'session' }),
  readers.fromExpressSession({ secret: SECRET, store: new TextStore(), cookieName: 'session' }),
  readers.fromSecureSession({ key: [randomBytes(32), randomBytes(32)] }),
  readers.fromIronSession({ password: { 1: LONG }, cookieName: 'session' }),
  readers.fromStarlette({ secret: [SECRET, LONG] }),
  readers.fromStarsessions({ secret: SECRET }),
  readers.fromStarsessions({ secret: SECRET, encryption: 'fernet', key: randomBytes(32) }),
  readers.fromStarsessions({ secret: SECRET, encryption: 'aes-gcm', key: randomBytes(32) }),
  readers.fromStarsessions({ store: new Map() }),
  readers.fromLitestar({ secret: randomBytes(16) }),
  readers.fromLitestar({ store: new Map() }),
  readers.fromLitestar({ store: new Map(), layout: 'file' }),
  readers.fromStarletteSession({ secret: SECRET }),
  readers.fromStarletteSession({ secret: SECRET, store: new Map() })
]
const REASONS = ['malformed', 'forged', 'expired', 'unknown', 'corrupt']

/** Whether every reader says in its own words that there is no session. */
async function areRefused (header: string): Promise<void> {
  for (const reader of everyReader) {
    const found = await readAt(MADE_AT, reader, header)
    if (found !== null && !('rejected' in found && REASONS.includes(found.rejected))) throw new Error(`${reader.name}: ${JSON.stringify(found)}`)
  }
}

const alphabet = fc.constantFrom(...'.~*;,:=%-_/+"\'\\ {}[]()0129afAFnull\u0000\u00ffé')
const shapes = [
  ...['', 's:', '"', '%', 'Fe26.2*1*', 'null', '{', '..', '__proto__'],
  `Fe26.2*1*${'a'.repeat(64)}*${'A'.repeat(22)}*AAAA**${'a'.repeat(64)}*${'A'.repeat(43)}~2`,
  `AAAA%3B${'A'.repeat(32)}`, 'a'.repeat(32), 'a'.repeat(64), 'a'.repeat(256), fixture.legacy.litestar[0].cookies.session,
  fixture.legacy.starlette[1].cookie, 'eyJhIjoxfQ==.ZVPxAA.AAAAAAAAAAAAAAAAAAAAAAAAAAA', 'eyJhIjoxfQ==.AA.AAAAAAAAAAAAAAAAAAAAAAAAAAA'
]
const value = fc.oneof(
  fc.string({ unit: alphabet, maxLength: 200 }),
  fc.tuple(fc.constantFrom(...shapes), fc.string({ unit: alphabet, maxLength: 20 })).map(([shape, end]) => shape + end),
  fc.tuple(fc.constantFrom(...shapes), fc.nat(300), alphabet).map(([shape, at, char]) => shape.slice(0, at) + char + shape.slice(at + 1)),
  fc.base64String({ maxLength: 300 })
)
const name = fc.constantFrom('session', 'session-0', 'session-1', 'session-9', 'session.0', 'session.1', 'session.3', 'other')

t.test('no reader throws for any cookie, and none takes one for a session', async t => {
  const pairs = fc.array(fc.tuple(name, value).map(([name, value]) => `${name}=${value}`), { maxLength: 6 })
  const property = fc.asyncProperty(pairs, async pairs => { await areRefused(pairs.join('; ')) })
  const { failed, seed, counterexample, errorInstance } = await fc.check(property, { numRuns: 500 }) as any
  t.notOk(failed, `seed ${seed}: ${JSON.stringify(counterexample)} ${errorInstance}`)
})

t.test('a cookie of 100 kB is refused in the time of a short one', async t => {
  const size = 100_000
  const long = ['a', '.', '*', '%', '%41', '=', '"', 'A;'.replace(';', '%3B'), '-', 'Fe26.2*', 's:', 'eyJ9.'].map(part => part.repeat(size / part.length))
  const cpu = process.cpuUsage()
  for (const text of [...long, `s:${long[0]}.${long[0]}`, `{"a":${'['.repeat(size)}`]) {
    for (const cookie of ['session', 'session-0', 'session.0']) await areRefused(`${cookie}=${text}`)
  }
  // 600 refusals: a reader that is not linear takes minutes.
  t.ok(process.cpuUsage(cpu).user < 5_000_000)
})

t.test('what is authentic and yet hostile is no session either', async t => {
  const key = createHash('sha1').update(`itsdangerous.Signersigner${SECRET}`).digest()
  const sign = (body: string): string => {
    const signed = `${Buffer.from(body).toString('base64')}.ZVPxAA`
    return `session=${signed}.${createHmac('sha1', key).update(signed).digest('base64url')}`
  }
  const bodies = ['', '0', '"x"', '[]', '[{}]', 'NaN', '{"a":NaN}', '{', '{"__proto__":1}', '{"a":{"\\u005f_proto__":1}}',
    '{"constructor":{"prototype":1}}', `{"a":${'['.repeat(100)}${']'.repeat(100)}}`, `${'{"a":'.repeat(1_500)}1${'}'.repeat(1_500)}`]
  for (const body of bodies) {
    for (const reader of everyReader.filter(({ name }) => name.startsWith('star'))) {
      const found = await readAt(MADE_AT, reader, sign(body))
      t.match(found, { rejected: /^(?:corrupt|forged|malformed)$/ }, `${reader.name}: ${body.slice(0, 40)}`)
    }
  }
  t.match(await readAt(MADE_AT, everyReader[4]!, sign(`{"a":${'['.repeat(99)}${']'.repeat(99)}}`)), { data: {} }, 'as deep as a session may be')
  t.equal(({} as any).a, undefined)
})

t.test('a request without the cookie costs a reader no look at its store', async t => {
  for (const reader of everyReader) t.equal(await reader.read(foreignCookies('other=1; sessions=2; session-x=3; session.x=4')), null, reader.name)
})
