import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { build } from './apps/oidc-logout.js'
import { Browser } from './helpers/site.js'

const ISSUER = 'https://login.example'
const CLIENT = 'shop'
const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout'
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

/** A provider with a key of its own, and a shop that trusts it. */
async function open (t) {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const keys = createLocalJWKSet({ keys: [{ ...await exportJWK(publicKey), kid: 'k1', alg: 'ES256' }] })
  const app = await build({ issuer: ISSUER, clientId: CLIENT, keys })
  t.after(() => app.close())
  const sign = (claims, { key = privateKey, audience = CLIENT, issuer = ISSUER, at = Date.now() / 1_000 } = {}) => new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'logout+jwt' })
    .setIssuer(issuer).setAudience(audience).setJti('j1').setIssuedAt(Math.floor(at)).setExpirationTime(Math.floor(at) + 120).sign(key)
  const signIn = async (sub, sid) => {
    const browser = new Browser(app)
    const answer = await browser.post('/callback', new URLSearchParams({ id_token: await sign({ sub, sid, nonce: 'n' }) }).toString(), FORM)
    assert.equal(answer.statusCode, 200, answer.body)
    return browser
  }
  const logOut = async (token) => await new Browser(app).post('/backchannel-logout', new URLSearchParams({ logout_token: token }).toString(), FORM)
  const isSignedIn = async browser => (await browser.get('/me')).statusCode === 200
  return { sign, signIn, logOut, isSignedIn }
}

test('a signed logout token ends the session of its sid, and no other of the user', async t => {
  const { sign, signIn, logOut, isSignedIn } = await open(t)
  const events = []
  const listen = event => { events.push(event) }
  subscribe('fastsessions', listen)
  t.after(() => unsubscribe('fastsessions', listen))
  const [phone, laptop] = [await signIn('ann', 's1'), await signIn('ann', 's2')]
  const answer = await logOut(await sign({ sub: 'ann', sid: 's1', events: { [LOGOUT]: {} } }))
  assert.deepEqual([answer.statusCode, answer.headers['cache-control'], answer.headers['set-cookie']], [200, 'no-store', undefined])
  assert.deepEqual([await isSignedIn(phone), await isSignedIn(laptop)], [false, true])
  const { reason, cause, actor } = events.find(({ type }) => type === 'revoked')
  assert.deepEqual({ reason, cause, actor }, { reason: 'backchannel-logout', cause: 'revoke', actor: ISSUER })
  assert.equal((await logOut(await sign({ sid: 's1', events: { [LOGOUT]: {} } }))).statusCode, 200, 'once more is no error')
})

test('a token without a sid ends all sessions of its user', async t => {
  const { sign, signIn, logOut, isSignedIn } = await open(t)
  const [one, two, other] = [await signIn('ann', 's1'), await signIn('ann', 's2'), await signIn('bob', 's3')]
  assert.equal((await logOut(await sign({ sub: 'ann', events: { [LOGOUT]: {} } }))).statusCode, 200)
  assert.deepEqual([await isSignedIn(one), await isSignedIn(two), await isSignedIn(other)], [false, false, true])
})

test('whoever signs in again with a new sid stays signed in', async t => {
  const { sign, signIn, logOut, isSignedIn } = await open(t)
  const browser = await signIn('ann', 's1')
  await logOut(await sign({ sid: 's1', events: { [LOGOUT]: {} } }))
  assert.equal(await isSignedIn(browser), false)
  assert.equal(await isSignedIn(await signIn('ann', 's4')), true)
})

test('what is no logout token of the provider for this client is a 400, and ends nothing', async t => {
  const { sign, signIn, logOut, isSignedIn } = await open(t)
  const browser = await signIn('ann', 's1')
  const right = { sub: 'ann', sid: 's1', events: { [LOGOUT]: {} } }
  const { privateKey: stranger } = await generateKeyPair('ES256')
  const wrong = {
    'no token': '',
    'no JWT': 'a.b.c',
    'a token of somebody else': await sign(right, { key: stranger }),
    'an unsigned token': new UnsecuredJWT(right).setIssuer(ISSUER).setAudience(CLIENT).setJti('j').setIssuedAt().setExpirationTime('2m').encode(),
    'for another client': await sign(right, { audience: 'other' }),
    'of another provider': await sign(right, { issuer: 'https://elsewhere.example' }),
    'an old one': await sign(right, { at: Date.now() / 1_000 - 3_600 }),
    'an ID token': await sign({ sub: 'ann', sid: 's1', nonce: 'n' }),
    'with a nonce': await sign({ ...right, nonce: 'n' }),
    'without events': await sign({ sub: 'ann', sid: 's1' }),
    'with an event that is no object': await sign({ ...right, events: { [LOGOUT]: true } }),
    'for nobody': await sign({ events: { [LOGOUT]: {} } }),
    'for an empty sid': await sign({ sid: '', events: { [LOGOUT]: {} } })
  }
  for (const [what, token] of Object.entries(wrong)) assert.equal((await logOut(token)).statusCode, 400, what)
  assert.equal(await isSignedIn(browser), true)
})
