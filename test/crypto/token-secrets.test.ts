import t from 'tap'
import { SECRET_CHARS, TokenSecrets } from '../../lib/crypto/token-secrets.ts'
import { newToken } from '../../lib/record/ids.ts'

const SECRET = Buffer.alloc(32, 1)
const OLD = Buffer.alloc(32, 2)
const token = newToken()

function secretIn (text: string): string { return text.split('.')[1] ?? '' }

t.test('each secret, each property, each token and each number has a secret of its own, and always the same', async t => {
  const all = new Set<string>()
  for (const [secret, property] of [[SECRET, 'session'], [OLD, 'session'], [SECRET, 'admin']] as const) {
    const secrets = new TokenSecrets([secret], property)
    for (const each of [token, newToken()]) {
      for (const counter of [1, 2, 3, 12, 123]) {
        const text = secrets.textOf(each, counter)
        t.equal(text, new TokenSecrets([secret], property).textOf(each, counter))
        t.ok(text.startsWith(`${each}.`))
        t.equal(secretIn(text).length, SECRET_CHARS)
        all.add(secretIn(text))
      }
    }
  }
  t.equal(all.size, 30)
})

t.test('number 0 is the token alone', async t => {
  const secrets = new TokenSecrets([SECRET, OLD], 'session')
  t.equal(secrets.textOf(token, 0), token)
  t.strictSame(secrets.find(token, '', 0), { counter: 0, isStale: false })
  t.match(secrets.find(token, '', 2), { counter: 0 })
  t.equal(secrets.find(token, '', 3), null)
})

t.test('the current secret is found, two before it and the next one', async t => {
  const secrets = new TokenSecrets([SECRET], 'session')
  const found = (counter: number): number | undefined => secrets.find(token, secretIn(secrets.textOf(token, counter)), 10)?.counter
  t.strictSame([6, 7, 8, 9, 10, 11, 12, 13].map(found), [undefined, undefined, 8, 9, 10, 11, undefined, undefined])
})

t.test('the secret of an older secret is good, and stale', async t => {
  const secrets = new TokenSecrets([SECRET, OLD], 'session')
  for (const counter of [4, 5, 6]) {
    const old = secretIn(new TokenSecrets([OLD], 'session').textOf(token, counter))
    t.strictSame(secrets.find(token, old, 5), { counter, isStale: true })
    t.equal(new TokenSecrets([SECRET], 'session').find(token, old, 5), null)
  }
  t.strictSame(secrets.find(token, secretIn(secrets.textOf(token, 4)), 5), { counter: 4, isStale: false })
})

t.test('no secret that is changed anywhere is found', async t => {
  const secrets = new TokenSecrets([SECRET], 'session')
  const secret = secretIn(secrets.textOf(token, 5))
  for (let at = 0; at < secret.length; at++) {
    for (const char of ['A', 'B', '_']) {
      if (secret[at] !== char) t.equal(secrets.find(token, secret.slice(0, at) + char + secret.slice(at + 1), 5), null)
    }
  }
  for (const other of ['', secret.slice(1), `${secret}A`, secret.toLowerCase()]) t.equal(secrets.find(token, other, 5), null)
})
