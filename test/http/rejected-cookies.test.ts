import t, { type Test } from 'tap'
import { CookieBackend, sessions } from '../../lib/index.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { createSite, type Kind, kinds, loose, type LooseSession, SECRET, signedUp, type SiteOptions } from '../helpers/app.ts'
import { cookieLines, cookieOf, NAME } from '../helpers/cookies.ts'
import { DAY_MS } from '../helpers/times.ts'

const OTHER_SECRET = 'another secret of more than thirty-two bytes'

async function visited (t: Test, kind: Kind, options: SiteOptions = {}) {
  const site = await createSite(t, { backend: kind, ...options })
  site.app.get('/', async request => ({ id: loose(request).id, isNew: loose(request).isNew, data: { ...loose(request) } }))
  site.app.get('/change', async request => { loose(request)['mine'] = 1; return loose(request).id })
  return site
}

/** Cookies that an attacker or an accident makes of a valid cookie, by name. */
async function badCookies (t: Test, kind: Kind): Promise<Record<string, string>> {
  const site = await visited(t, kind)
  const valid = await signedUp(site)
  const text = valid.slice(NAME.length + 1)
  const foreign = await visited(t, kind, { secret: OTHER_SECRET })
  const renamed = await visited(t, kind, { cookie: { name: 'sid' } })
  const signed = await visited(t, 'cookie', { backend: new CookieBackend({ mode: 'sign' }) })
  const flipped = (index: number) => text.slice(0, index) + (text[index] === 'A' ? 'B' : 'A') + text.slice(index + 1)
  const bad = {
    'cut by one': text.slice(0, -1),
    'cut in half': text.slice(0, text.length / 2),
    'one character': 'x',
    nothing: '',
    'one too long': `${text}A`,
    doubled: text + text,
    'not base64url': `${text.slice(0, -1)}*`,
    padded: `${text}=`,
    quoted: `"${text}"`,
    'escaped as a URL': text.replace(/./, char => `%${char.charCodeAt(0).toString(16)}`),
    'in other letters': text.toUpperCase() === text ? text.toLowerCase() : text.toUpperCase(),
    'with blanks inside': `${text.slice(0, 10)} ${text.slice(10)}`,
    'not ASCII': 'é'.repeat(43),
    JSON: '{"user":"admin"}',
    'a path': '../../etc/passwd',
    'a wildcard': '*'.repeat(43),
    'first character changed': flipped(0),
    'character in the middle changed': flipped(Math.floor(text.length / 2)),
    'an unknown token': 'A'.repeat(43),
    'a token of another secret': (await signedUp(foreign)).slice(NAME.length + 1),
    'a token of another cookie name': (await signedUp(renamed)).slice('sid='.length),
    'a signed token where sealed ones are due': (await signedUp(signed)).slice(NAME.length + 1),
    'a part of a longer one': `2.AAAAAA.${text}`,
    'of another version': Buffer.concat([Buffer.from([9]), Buffer.from(text, 'base64url').subarray(1)]).toString('base64url')
  }
  return Object.fromEntries(Object.entries(bad).map(([what, value]) => [what, `${NAME}=${value}`]))
}

for (const kind of kinds) {
  t.test(`${kind}: a cookie that is no session of ours is an empty session, never an error, and is left alone`, async t => {
    for (const [what, cookie] of Object.entries(await badCookies(t, kind))) {
      await t.test(what, async t => {
        const { app, events, warnings, logs } = await visited(t, kind)
        const response = await app.inject({ url: '/', headers: { cookie } })
        t.equal(response.statusCode, 200)
        t.match(response.json(), { isNew: true, data: {} })
        t.strictSame(cookieLines(response), [])
        t.match(events, [{ type: 'rejected', property: 'session', reason: /^[a-z]+$/ }])
        t.equal(events.length, 1)
        t.strictSame(warnings(), [])
        t.notOk(logs.some(({ level }) => level >= 40))
      })
    }
  })

  t.test(`${kind}: a session that begins on such a cookie gets an id and a token of its own`, async t => {
    for (const [what, cookie] of Object.entries(await badCookies(t, kind))) {
      await t.test(what, async t => {
        const { app } = await visited(t, kind)
        const response = await app.inject({ url: '/change', headers: { cookie } })
        t.equal(response.statusCode, 200)
        const [line] = cookieLines(response)
        t.match(line, /^__Host-session=[A-Za-z0-9_-]{43}/)
        t.not(cookieOf(response), cookie)
        t.not(response.payload, (await app.inject('/')).json().id)
        t.match((await app.inject({ url: '/', headers: { cookie: cookieOf(response) } })).json(), { isNew: false, id: response.payload, data: { mine: 1 } })
      })
    }
  })

  t.test(`${kind}: a cookie replayed after its session has expired is an empty session`, async t => {
    const { app, events, clock } = await visited(t, kind, { idleTimeout: '1d' })
    const created = await app.inject('/change')
    clock.now += DAY_MS - 1
    t.match((await app.inject({ url: '/', headers: { cookie: cookieOf(created) } })).json(), { isNew: false })
    clock.now += DAY_MS
    events.length = 0
    const response = await app.inject({ url: '/', headers: { cookie: cookieOf(created) } })
    t.match(response.json(), { isNew: true, data: {} })
    t.strictSame(cookieLines(response), [])
    t.equal(events.filter(({ type }) => type === 'rejected').length, 1)
  })

  t.test(`${kind}: two registrations on one backend do not accept each other's tokens`, async t => {
    // A minimal backend keeps the sessions of all registrations together.
    const backend = kind === 'memory' ? new MinimalBackend() : new CookieBackend()
    const site = await visited(t, kind, { backend })
    await site.app.register(sessions, { property: 'visit' as never, secret: SECRET, backend })
    site.app.get('/visit', async request => ({ ...(request as unknown as { visit: LooseSession }).visit }))
    const token = (await signedUp(site)).slice(NAME.length + 1)
    t.strictSame((await site.app.inject({ url: '/visit', headers: { cookie: `__Host-visit=${token}` } })).json(), {})
  })

  t.test(`${kind}: cookies of other names are none of our business`, async t => {
    const site = await visited(t, kind)
    const cookie = await signedUp(site)
    const value = cookie.slice(NAME.length + 1)
    site.operations()
    site.events.length = 0
    for (const sent of [`x${cookie}`, `${NAME}x=${value}`, `${NAME}.x=${value}`, `${NAME}.10=${value}`, `a=${cookie}`, `a="; b=${cookie}`, `__host-session=${value}`, NAME, `${NAME} =${value}`]) {
      t.match((await site.app.inject({ url: '/', headers: { cookie: sent } })).json(), { isNew: true }, sent.slice(0, 20))
    }
    t.strictSame(site.operations(), [])
    t.strictSame(site.events, [])
  })

  t.test(`${kind}: a valid cookie is found among others, wherever it stands`, async t => {
    const site = await visited(t, kind)
    const cookie = await signedUp(site)
    for (const sent of [cookie, `a=1; ${cookie}`, `${cookie}; b=2`, `a=1;${cookie};b=2`, `a=1;   ${cookie}  ; b=2`, `${NAME}x=1; ${cookie}`, `a=${NAME}; ${cookie}`]) {
      t.match((await site.app.inject({ url: '/', headers: { cookie: sent } })).json(), { isNew: false, data: { user: 'ada' } }, sent.slice(0, 20))
    }
  })
}
