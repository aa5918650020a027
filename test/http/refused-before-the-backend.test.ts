import t, { type Test } from 'tap'
import { CookieBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite, type Kind, kinds, loose, signedUp } from '../helpers/app.ts'
import { cookieOf, NAME } from '../helpers/cookies.ts'

const MAX_BYTES = 7_168

async function visited (t: Test, kind: Kind, maxBytes = MAX_BYTES) {
  const site = await createSite(t, { backend: kind === 'cookie' ? new FaultyBackend(new CookieBackend({ maxBytes })) : kind })
  site.app.get('/', async request => loose(request).isNew)
  site.app.get('/fill', async request => { loose(request)['text'] = 'x'.repeat(Number((request.query as { size: string }).size)) })
  return site
}

/** Texts that cannot be a token, each with the reason of the event. */
const impossible: Record<Kind, Array<[string, string, string]>> = {
  memory: [
    ['nothing', '', 'malformed'],
    ['42 characters', 'A'.repeat(42), 'malformed'],
    ['44 characters', 'A'.repeat(44), 'oversized'],
    ['another alphabet', '+'.repeat(43), 'malformed'],
    ['standard base64', `${'A'.repeat(42)}=`, 'malformed'],
    ['letters of another script', 'а'.repeat(43), 'malformed'],
    ['a line break that was escaped', `${'A'.repeat(41)}\\n`, 'malformed'],
    ['a kilobyte', 'A'.repeat(1_024), 'oversized']
  ],
  cookie: [
    ['nothing', '', 'malformed'],
    ['quotes', '"AAAA"', 'malformed'],
    ['blanks', 'AA AA', 'malformed'],
    ['a percent sign', '%41', 'malformed'],
    ['a backslash', 'AA\\AA', 'malformed'],
    ['letters of another script', 'а', 'malformed'],
    ['the first part of several', '2.AAAAAA.AAAA', 'incomplete'],
    ['more than any session', 'A'.repeat(MAX_BYTES + 1), 'oversized']
  ]
}

for (const kind of kinds) {
  for (const [what, text, reason] of impossible[kind]) {
    t.test(`${kind}: ${what} costs the backend no call`, async t => {
      const { app, operations, events } = await visited(t, kind)
      t.equal((await app.inject({ url: '/', headers: { cookie: `${NAME}=${text}` } })).payload, 'true')
      t.strictSame(operations(), [])
      t.match(events, [{ type: 'rejected', property: 'session', id: null, reason }])
    })
  }

  t.test(`${kind}: text that could be a token costs one call, so that the counts above mean something`, async t => {
    const { app, operations, events } = await visited(t, kind)
    await app.inject({ url: '/', headers: { cookie: `${NAME}=${'A'.repeat(43)}` } })
    t.strictSame(operations(), ['read'])
    t.match(events, [{ type: 'rejected', reason: kind === 'cookie' ? 'forged' : 'unknown' }])
  })

  t.test(`${kind}: however many cookies of our name come, four are tried, and those that cannot be ours are none of them`, async t => {
    const site = await visited(t, kind)
    const cookie = await signedUp(site)
    const ask = async (...pairs: string[]) => {
      site.operations()
      const { payload } = await site.app.inject({ url: '/', headers: { cookie: pairs.join('; ') } })
      return [payload, site.operations().length]
    }
    const forged = Array(95).fill(`${NAME}=${'A'.repeat(43)}`)
    const impossible = Array(4).fill(`${NAME}=${'A'.repeat(MAX_BYTES + 1)}`)
    t.strictSame(await ask(cookie, ...forged), ['false', 1])
    t.strictSame(await ask(...forged, cookie), ['true', 4])
    t.strictSame(await ask(...impossible, cookie), ['false', 1])
  })

  t.test(`${kind}: long cookies of others do not count`, async t => {
    const site = await visited(t, kind)
    const cookie = await signedUp(site)
    const others = Array.from({ length: 10 }, (_, index) => `other${index}=${'A'.repeat(4_000)}`)
    t.equal((await site.app.inject({ url: '/', headers: { cookie: [...others, cookie].join('; ') } })).payload, 'false')
  })

  t.test(`${kind}: a header of many thousand pairs is read once, in no time to speak of`, async t => {
    const { app, operations } = await visited(t, kind)
    const cookie = `${NAME}=;`.repeat(50_000)
    t.equal((await app.inject({ url: '/', headers: { cookie } })).payload, 'true')
    t.strictSame(operations(), [])
  })
}

t.test('the longest session that may be written is read again', async t => {
  const { app } = await visited(t, 'cookie')
  let size = 4_000
  let longest = ''
  for (let step = 2_048; step >= 1; step /= 2) {
    const response = await app.inject(`/fill?size=${size + step}`)
    if (response.statusCode !== 200) continue
    size += step
    longest = cookieOf(response)
  }
  t.ok(longest.length <= MAX_BYTES && longest.length > MAX_BYTES - 8, `${longest.length} bytes`)
  t.equal((await app.inject({ url: '/', headers: { cookie: longest } })).payload, 'false')
})

t.test('parts of two writes are not spliced, and parts that are missing make no session', async t => {
  const { app, operations, events } = await visited(t, 'cookie')
  const [first, second] = [cookieOf(await app.inject('/fill?size=4000')).split('; '), cookieOf(await app.inject('/fill?size=4001')).split('; ')]
  t.equal(first!.length, 2)
  operations()
  events.length = 0
  const mixed = [[first![0], second![1]], [second![0], first![1]], [first![0]], [first![1]], [first![0], first![0]]]
  for (const parts of mixed) t.equal((await app.inject({ url: '/', headers: { cookie: parts.join('; ') } })).payload, 'true')
  t.strictSame(operations(), [])
  t.strictSame(events.map(({ reason }) => reason), Array(mixed.length).fill('incomplete'))
  t.equal((await app.inject({ url: '/', headers: { cookie: [first![1], second![0], first![0], second![1]].join('; ') } })).payload, 'false', 'in any order')
})
