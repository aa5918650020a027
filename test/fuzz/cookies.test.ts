import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { CookieBackend, MemoryBackend, type SessionBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createApp, SECRET } from '../helpers/app.ts'
import { NAME } from '../helpers/cookies.ts'
import { seededRandom } from '../helpers/seeded-random.ts'

/** More with `FUZZ_CASES`, again with `FUZZ_SEED`. */
const CASES = Number(process.env['FUZZ_CASES'] ?? 300_000)
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 32)
const LARGE = 6_000

type Pair = readonly [name: string, value: string]
type Random = (below: number) => number

/** Integers below a bound, the same for the same seed. */
function randomOf (seed: number): Random {
  const next = seededRandom(seed)
  return below => Math.floor(next() * below)
}

const backends: Readonly<Record<string, () => SessionBackend>> = {
  'the encrypted cookie': () => new CookieBackend({ maxBytes: 12_288 }),
  'the signed cookie': () => new CookieBackend({ mode: 'sign', maxBytes: 12_288 }),
  'a store': () => new FaultyBackend(new MemoryBackend())
}

/** A site, with cookies issued by the site: small cookies and, where cookies hold the data, cookies in several parts. */
async function siteOf (t: Test, backend: SessionBackend) {
  const app = await createApp(t, { secret: SECRET, backend })
  const issued: Pair[][] = []
  for (const text of ['a', 'b', 'x'.repeat(LARGE), 'y'.repeat(LARGE)]) issued.push(pairsOf((await app.sessions.create({ text })).cookie))
  return { app, issued }
}

function pairsOf (header: string): Pair[] {
  return header.split('; ').map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])
}

const headerOf = (pairs: readonly Pair[]): string => pairs.map(([name, value]) => `${name}=${value}`).join('; ')

/** Whether a header contains an issued cookie whole: only then may there be a session. */
function isCarried (header: string, issued: readonly Pair[][]): boolean {
  const carried = new Set(header.split(';').map(pair => pair.trim()))
  return issued.some(pairs => pairs.every(([name, value]) => carried.has(`${name}=${value}`)))
}

async function check (app: FastifyInstance, issued: readonly Pair[][], header: string): Promise<string | null> {
  try {
    const session = await app.sessions.open(header)
    return session.isNew || isCarried(header, issued) ? null : `accepted ${header}`
  } catch (error) {
    return `threw ${String(error)} for ${header}`
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const textOf = (random: Random, length: number, alphabet = ALPHABET): string => Array.from({ length }, () => alphabet[random(alphabet.length)]).join('')
const ANY = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')

/** Changes of a value. */
const changes: ReadonlyArray<(value: string, random: Random) => string> = [
  (value, random) => { const at = random(value.length); return value.slice(0, at) + String.fromCharCode(value.charCodeAt(at) ^ (1 << random(8))) + value.slice(at + 1) },
  (value, random) => value.slice(0, random(value.length)),
  (value, random) => value.slice(1 + random(value.length)),
  (value, random) => { const at = random(value.length); return value.slice(0, at) + textOf(random, 1 + random(4)) + value.slice(at) },
  (value, random) => { const at = random(value.length); return value.slice(0, at) + value.slice(at + 1 + random(4)) },
  (value, random) => { const [from, to] = [random(value.length), random(value.length)]; return value.slice(0, from) + value.slice(to) },
  (value, random) => value + ALPHABET[random(64)],
  (_, random) => textOf(random, random(200)),
  (_, random) => textOf(random, 43),
  (_, random) => textOf(random, random(60), ANY),
  (_, random) => `${random(12)}.${textOf(random, random(8))}.${textOf(random, random(20))}`,
  value => `"${value}"`,
  value => encodeURIComponent(value),
  value => value.toUpperCase()
]

/** Headers made from issued cookies. */
const headers: ReadonlyArray<(issued: readonly Pair[][], random: Random) => string> = [
  // Mostly a single change in a single cookie.
  ...Array.from({ length: 12 }, () => (issued: readonly Pair[][], random: Random) => {
    const pairs = [...issued[random(issued.length)]!]
    const at = random(pairs.length)
    const [name, value] = pairs[at]!
    pairs[at] = [name, changes[random(changes.length)]!(value, random)]
    return headerOf(pairs)
  }),
  // Parts in any order: some twice, some missing, some from a different session.
  (issued, random) => headerOf(Array.from({ length: 1 + random(6) }, () => {
    const pairs = issued[random(issued.length)]!
    return pairs[random(pairs.length)]!
  })),
  // Values under the names of other parts.
  (issued, random) => headerOf(Array.from({ length: 1 + random(3) }, (_, index) => {
    const pairs = issued[random(issued.length)]!
    return [index === 0 ? NAME : `${NAME}.${index}`, pairs[random(pairs.length)]![1]] as const
  })),
  // A hundred cookies.
  (issued, random) => headerOf(Array.from({ length: 100 }, () => [random(2) === 0 ? NAME : `${NAME}.${random(12)}`, random(4) === 0 ? issued[0]![0]![1].slice(random(9)) : textOf(random, random(50))] as const)),
  // Not a Cookie header at all.
  (_, random) => `${NAME}${textOf(random, random(80), ANY)}`
]

for (const [name, create] of Object.entries(backends)) {
  t.test(`${name}: hostile Cookie headers end in an empty session, whatever they are (seed ${SEED})`, { timeout: 280_000 }, async t => {
    const backend = create()
    const { app, issued } = await siteOf(t, backend)
    const random = randomOf(SEED)
    const wrong: string[] = []
    for (let n = 0; n < CASES / 3 && wrong.length < 5; n++) {
      const problem = await check(app, issued, headers[random(headers.length)]!(issued, random))
      if (problem !== null) wrong.push(problem)
    }
    t.strictSame(wrong, [])
    if (backend instanceof FaultyBackend) {
      const asked = backend.calls.filter(({ operation }) => operation === 'read').map(({ id }) => id)
      t.ok(asked.every(id => /^[0-9a-f]{64}$/.test(id!)), 'the store hears of nothing but hashes of well-formed tokens')
    }
  })

  t.test(`${name}: every single bit that is flipped, and every truncation, is refused`, async t => {
    const { app, issued } = await siteOf(t, create())
    const wrong: string[] = []
    const pairs = issued[0]!
    const [[cookie, value]] = pairs as [Pair]
    for (let at = 0; at < value.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = value.slice(0, at) + String.fromCharCode(value.charCodeAt(at) ^ (1 << bit)) + value.slice(at + 1)
        const problem = await check(app, issued, headerOf([[cookie, changed]]))
        if (problem !== null) wrong.push(problem)
      }
      for (const cut of [value.slice(0, at), value.slice(at + 1)]) {
        const problem = await check(app, issued, headerOf([[cookie, cut]]))
        if (problem !== null) wrong.push(problem)
      }
    }
    t.strictSame(wrong, [])
  })

  t.test(`${name}: what it issued is accepted, alone and among others`, async t => {
    const { app, issued } = await siteOf(t, create())
    for (const pairs of issued) {
      for (const header of [headerOf(pairs), `theme=dark; ${headerOf(pairs)}; lang=en`, headerOf([...pairs].reverse()), headerOf([[NAME, 'forged'], ...pairs])]) {
        t.equal((await app.sessions.open(header)).isNew, false)
      }
    }
  })
}
