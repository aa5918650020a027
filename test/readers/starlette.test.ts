import t from 'tap'
import { fromStarlette, fromStarletteSession } from '../../lib/migrate.ts'
import { read, readAt, sessionIn } from '../helpers/foreign.ts'
import { fixture, MADE_AT, madeBy, python } from '../helpers/python-sessions.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../helpers/times.ts'

const NOW = MADE_AT + HOUR_MS
const [starlette] = madeBy('starlette 1') as [any]
const plain = `session=${fixture.legacy.starlette[0].cookie}`

t.test('a session that Starlette signed is read, with its deadline', async t => {
  const { secret, header, data } = starlette
  for (const spelling of [header, header.replaceAll('=', '%3D').replace('%3D', '='), header.replace(/=(.*)/, '="$1"')]) {
    const found = sessionIn(await readAt(NOW, fromStarlette({ secret }), spelling))
    t.strictSame(found, { data, expiresAt: MADE_AT + 14 * DAY_MS, secret: header.slice('session='.length) })
  }
  t.match(await readAt(NOW, fromStarlette({ secret: ['other', Buffer.from(secret)] }), header), { data })
  t.strictSame(sessionIn(await readAt(NOW, fromStarlette({ secret: 'secret' }), plain)).data, { some: 'data' })
})

t.test('a session ends max_age after it was signed, unless there is none', async t => {
  const hour = fromStarlette({ secret: 'secret', maxAge: '1h' })
  t.match(await readAt(NOW - 1, hour, plain), { data: { some: 'data' }, expiresAt: NOW })
  t.strictSame(await readAt(NOW, hour, plain), { rejected: 'expired' })
  t.match(await readAt(NOW + 400 * DAY_MS, fromStarlette({ secret: 'secret', maxAge: null }), plain), { data: { some: 'data' }, expiresAt: null })
})

t.test('a signature of the future is refused; clocks may be a minute apart', async t => {
  const reader = fromStarlette({ secret: 'secret' })
  t.match(await readAt(MADE_AT - MINUTE_MS, reader, plain), { data: { some: 'data' } })
  t.strictSame(await readAt(MADE_AT - MINUTE_MS - 1, reader, plain), { rejected: 'expired' })
})

t.test('a wrong secret, a changed, cut or differently spelt cookie is no session; a cleared one is no cookie', async t => {
  const reader = fromStarlette({ secret: 'secret' })
  t.strictSame(await readAt(NOW, fromStarlette({ secret: 'other' }), plain), { rejected: 'forged' })
  const text = fixture.legacy.starlette[0].cookie
  t.strictSame(await readAt(NOW, reader, `session=${text.replace('eyJ', 'eyK')}`), { rejected: 'forged' })
  t.strictSame(await readAt(NOW, reader, `session=${text.replace('ZVPxAA', 'ZVPxAB')}`), { rejected: 'forged' })
  t.strictSame(await readAt(NOW, reader, `session=${text.slice(0, -1)}`), { rejected: 'malformed' })
  t.strictSame(await readAt(NOW, reader, `session=${text.slice(0, -1)}1`), { rejected: 'forged' }, 'bits that no encoder sets')
  t.strictSame(await readAt(NOW, reader, `session=%; ${plain.replace('Avp', 'AVP')}`), { rejected: 'malformed' })
  t.match(await readAt(NOW, reader, `session=%; session=a.b.c; ${plain}`), { data: { some: 'data' } })
  t.strictSame(await readAt(NOW, reader, `session=${fixture.legacy.starlette[1].cookie}`), { rejected: 'corrupt' }, 'a signed null')
  for (const cleared of ['', 'null', '"null"', '""', '\'\'']) t.equal(await readAt(NOW, reader, `session=${cleared}`), null)
})

t.test('sessions of itsdangerous in this very run are read', async t => {
  const made = python(['itsdangerous'], `
import itsdangerous, json, base64, random
out = []
for n in range(20):
  secret = ''.join(random.choice('abc-é🔑 .') for _ in range(n + 1))
  data = {'n': n, 'text': 'Zoë 🔑' * n, 'list': [None, True, 1.5]}
  cookie = itsdangerous.TimestampSigner(secret).sign(base64.b64encode(json.dumps(data).encode())).decode()
  out.append([secret, data, cookie])
print(json.dumps(out))`)
  if ('missing' in made) {
    t.comment(`compared with the fixture only: ${made.missing}`)
    return
  }
  for (const [secret, data, cookie] of made.result) {
    t.strictSame(sessionIn(await read(fromStarlette({ secret }), `session=${cookie}`)).data, data)
  }
})

t.test('a session of starlette-session in its cookie is read', async t => {
  const [{ secret, header, data }] = madeBy('starlette-session', 'cookie') as [any]
  t.strictSame(sessionIn(await readAt(NOW, fromStarletteSession({ secret }), header)), {
    data, expiresAt: MADE_AT + 14 * DAY_MS, secret: header.slice('session='.length)
  })
  t.strictSame(await readAt(NOW, fromStarletteSession({ secret: 'other' }), header), { rejected: 'forged' })
  t.strictSame(await readAt(NOW, fromStarletteSession({ secret, maxAge: 60 }), header), { rejected: 'expired' })
  t.strictSame(await readAt(NOW, fromStarletteSession({ secret, store: new Map() }), header), { rejected: 'corrupt' }, 'its store was said to be elsewhere')
})

t.test('a session of starlette-session in a store is read where it is JSON', async t => {
  const [{ secret, header, data, id, value }] = madeBy('starlette-session', 'json') as [any]
  const bytes = Buffer.from(value, 'base64')
  for (const stored of [bytes, bytes.toString(), new Uint8Array(bytes)]) {
    const reader = fromStarletteSession({ secret, store: new Map([[id, stored]]) })
    t.match(await readAt(NOW, reader, header), { data, expiresAt: MADE_AT + 14 * DAY_MS })
  }
  t.strictSame(await readAt(NOW, fromStarletteSession({ secret, store: new Map() }), header), { rejected: 'unknown', secret: header.slice('session='.length) })
  t.strictSame(await readAt(NOW, fromStarletteSession({ secret, store: new Map([[id, 5]]) }), header), { rejected: 'corrupt' })
  t.strictSame(await readAt(NOW, fromStarletteSession({ secret }), header), { rejected: 'corrupt' }, 'without the store')
  const { cookie, key } = fixture.legacy.starlette_session
  t.match(await readAt(NOW, fromStarletteSession({ secret, store: new Map([[key, '{"a":1}']]) }), `session=${cookie}`), { data: { a: 1 } })
})

t.test('a pickle is never loaded', async t => {
  const [{ secret, header, id, value }] = madeBy('starlette-session', 'pickle') as [any]
  const pickle = Buffer.from(value, 'base64')
  t.equal(pickle[0], 0x80, 'it is one')
  for (const stored of [pickle, pickle.toString('latin1')]) {
    t.strictSame(await readAt(NOW, fromStarletteSession({ secret, store: new Map([[id, stored]]) }), header), { rejected: 'corrupt' })
  }
})

t.test('a store that fails makes the read fail, and the record is removed where the store can', async t => {
  const [{ secret, header, id, value }] = madeBy('starlette-session', 'json') as [any]
  const down = new Error('down')
  await t.rejects(readAt(NOW, fromStarletteSession({ secret, store: { get: async () => { throw down } } }), header), down)
  const gone = Object.assign(new Error('no file'), { code: 'ENOENT' })
  t.strictSame(await readAt(NOW, fromStarletteSession({ secret, store: { get: async () => { throw gone } } }), header), { rejected: 'unknown', secret: header.slice('session='.length) })
  const removed: string[] = []
  const store = { get: () => Buffer.from(value, 'base64'), del: async (key: string) => { removed.push(key) } }
  await sessionIn(await readAt(NOW, fromStarletteSession({ secret, store }), header)).remove!()
  t.strictSame(removed, [id])
})
