import { createCipheriv, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { getIronSession, sealData } from 'iron-session'
import t from 'tap'
import { fromIronSession } from '../../lib/migrate.ts'
import { answerOf, cookieHeader, load, read, readAt, sessionIn } from '../helpers/foreign.ts'
import { DAY_MS, HOUR_MS, START } from '../helpers/times.ts'

const PASSWORD = 'a password of iron-session with 32 characters'
const OTHER = 'a password of the year before, which is long too'
const DATA = { user: 'ada', cart: [1, { n: 2 }], name: 'Zoë 🔑' }
const eight = load('iron-session-8').getIronSession
const libraries = { 'iron-session 9': getIronSession as any, 'iron-session 8': eight }

/** The cookies of a session that iron-session itself has sealed. */
async function signedIn (open: any, options: object = {}, data: object = DATA): Promise<string> {
  const { cookies } = await answerOf(async (request, response) => {
    const session = await open(request, response, { cookieName: 'app', password: PASSWORD, ...options })
    Object.assign(session, data)
    await session.save()
    response.end()
  })
  return cookieHeader(cookies)
}

for (const [name, open] of Object.entries(libraries)) {
  t.test(`a session of ${name} is read, with its deadline`, async t => {
    const header = await signedIn(open, { ttl: 3600 })
    const found = sessionIn(await read(fromIronSession({ password: PASSWORD, cookieName: 'app' }), header))
    t.strictSame(found.data, DATA)
    t.ok(Math.abs(found.expiresAt! - Date.now() - HOUR_MS) < 5_000)
    t.equal(found.secret, header.slice('app='.length))
    t.strictSame(sessionIn(await read(fromIronSession({ password: PASSWORD, cookieName: 'app' }), encodeURI(header))).secret, found.secret)
  })

  t.test(`passwords of ${name} are known by their ids`, async t => {
    const header = await signedIn(open, { password: { 1: OTHER, 2: PASSWORD } })
    const readBy = async (password: any): Promise<unknown> => await read(fromIronSession({ password, cookieName: 'app' }), header)
    t.match(await readBy({ 2: PASSWORD }), { data: DATA })
    t.match(await readBy({ 1: OTHER, 2: PASSWORD, 3: OTHER }), { data: DATA })
    t.strictSame(await readBy({ 1: PASSWORD }), { rejected: 'forged' }, 'a password of a different id')
    t.strictSame(await readBy(PASSWORD), { rejected: 'forged' })
    t.strictSame(await readBy({ 2: OTHER }), { rejected: 'forged' })
  })

  t.test(`a session of ${name} without a deadline has none, or the one of maxAge`, async t => {
    const header = await signedIn(open, { ttl: 0 })
    t.equal(sessionIn(await readAt(START, fromIronSession({ password: PASSWORD, cookieName: 'app' }), header)).expiresAt, null)
    const limited = fromIronSession({ password: PASSWORD, cookieName: 'app', maxAge: '1d' })
    t.equal(sessionIn(await readAt(START, limited, header)).expiresAt, START + DAY_MS)
  })
}

const large = { ...DATA, text: randomBytes(4_000).toString('base64url') }

t.test('a session in parts is read, in whichever order the parts come', async t => {
  const header = await signedIn(getIronSession, { chunk: true }, large)
  const parts = header.split('; ')
  t.ok(parts.length > 1, 'it is split')
  const reader = fromIronSession({ password: PASSWORD, cookieName: 'app' })
  for (const order of [parts, [...parts].reverse()]) t.strictSame(sessionIn(await read(reader, order.join('; '))).data, large)
  t.strictSame(reader.ownNames!(['x', 'app.1', 'app', 'app.0', 'app.x', 'app.01', 'apple']), ['app', 'app.1', 'app.0'])
  const whole = await signedIn(getIronSession)
  t.strictSame(sessionIn(await read(reader, `${header}; ${whole}`)).data, DATA, 'the whole cookie comes first, as in the library')
  t.strictSame(sessionIn(await read(reader, `${header}; app=junk`)).data, large)
  const twice = parts.map(part => part.replace('=', '=x'))
  t.strictSame(sessionIn(await read(reader, [...twice, ...parts].join('; '))).data, large, 'of parts of one name, each is tried')
  t.strictSame(sessionIn(await read(reader, [twice[0], ...parts].join('; '))).data, large)
})

t.test('parts that are missing, too many or too long are no session', async t => {
  const header = await signedIn(getIronSession, { chunk: true }, large)
  const parts = header.split('; ')
  const reader = fromIronSession({ password: PASSWORD, cookieName: 'app' })
  t.strictSame(await read(reader, parts.slice(1).join('; ')), { rejected: 'malformed' }, 'without the first')
  t.match(await read(reader, parts.slice(0, -1).join('; ')), { rejected: String }, 'without the last')
  t.strictSame(await read(reader, parts.concat('app.3=x').join('; ')), { rejected: 'malformed' }, 'a gap')
  t.strictSame(await read(reader, [0, 1, 2, 3, 4].map(n => `app.${n}=x`).join('; ')), { rejected: 'malformed' })
  t.strictSame(await read(reader, `app.0=${'x'.repeat(100_000)}; ${parts[1]}`), { rejected: 'malformed' })
  t.match(await read(reader, `${parts.join('; ')}; app.2=`), { data: DATA }, 'a part that was cleared')
})

t.test('a deadline is kept to', async t => {
  const header = await signedIn(getIronSession, { ttl: 3600 })
  const reader = fromIronSession({ password: PASSWORD, cookieName: 'app' })
  const { expiresAt } = sessionIn(await read(reader, header))
  t.match(await readAt(expiresAt! - 1, reader, header), { data: DATA })
  t.strictSame(await readAt(expiresAt!, reader, header), { rejected: 'expired' })
  const longer = header.replace(`*${expiresAt}*`, `*${expiresAt! + DAY_MS}*`)
  t.strictSame(await readAt(expiresAt!, reader, longer), { rejected: 'forged' })
})

t.test('seals of iron-session 7 and older, which hold something else, are no session', async t => {
  const header = await signedIn(getIronSession)
  const reader = fromIronSession({ password: PASSWORD, cookieName: 'app' })
  for (const end of ['', '~1', '~3', '~']) t.strictSame(await read(reader, header.replace(/~2$/, end)), { rejected: 'malformed' }, end)
})

t.test('what is sealed and yet no session is corrupt', async t => {
  const reader = fromIronSession({ password: PASSWORD, cookieName: 'app' })
  for (const data of [null, 'text', 5]) {
    t.strictSame(await read(reader, `app=${await sealData(data as any, { password: PASSWORD })}`), { rejected: 'corrupt' })
  }
  const salt = 'a'.repeat(64)
  const key = pbkdf2Sync(PASSWORD, salt, 1, 32, 'sha1')
  const seal = (ciphertext: Buffer): string => {
    const text = `Fe26.2*1*${salt}*${Buffer.alloc(16).toString('base64url')}*${ciphertext.toString('base64url')}*`
    return `app=${text}*${salt}*${createHmac('sha256', key).update(text).digest('base64url')}~2`
  }
  const cipher = createCipheriv('aes-256-cbc', key, Buffer.alloc(16))
  const valid = Buffer.concat([cipher.update('{"a":1}'), cipher.final()])
  t.match(await read(reader, seal(valid)), { data: { a: 1 } })
  t.strictSame(await read(reader, seal(valid.subarray(1))), { rejected: 'corrupt' })
})
