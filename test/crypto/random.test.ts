import crypto from 'node:crypto'
import t from 'tap'
import { randomBytes, randomVersion } from '../../lib/crypto/random.ts'
import { idOfToken, isToken, newToken } from '../../lib/record/ids.ts'

t.test('a million tokens are all different, and 256 bits each', async t => {
  const tokens = new Set<string>()
  for (let n = 0; n < 1_000_000; n++) tokens.add(newToken())
  t.equal(tokens.size, 1_000_000)
  for (const token of Array.from(tokens).slice(0, 100)) t.equal(Buffer.from(token, 'base64url').length, 32)
})

t.test('tokens come from the random source of node:crypto, and from nothing else', async t => {
  const mock = await t.mockImport<typeof import('../../lib/crypto/random.ts')>('../../lib/crypto/random.ts', {
    'node:crypto': { ...crypto, randomFillSync: (buffer: Buffer) => buffer.fill(0xab) }
  })
  t.same(mock.randomBytes(32), Buffer.alloc(32, 0xab))
  t.equal(mock.randomVersion(), 0xabababababab)
})

t.test('a version is never zero, which stands for absent', async t => {
  const mock = await t.mockImport<typeof import('../../lib/crypto/random.ts')>('../../lib/crypto/random.ts', {
    'node:crypto': { ...crypto, randomFillSync: (buffer: Buffer) => buffer.fill(0) }
  })
  t.equal(mock.randomVersion(), 1)
})

t.test('an error of the random source is thrown', async t => {
  const mock = await t.mockImport<typeof import('../../lib/crypto/random.ts')>('../../lib/crypto/random.ts', {
    'node:crypto': { ...crypto, randomFillSync: () => { throw new Error('no entropy') } }
  })
  t.throws(() => mock.randomBytes(32), { message: 'no entropy' })
})

t.test('what was handed out is wiped from the pool', async t => {
  let pool: Buffer | undefined
  const mock = await t.mockImport<typeof import('../../lib/crypto/random.ts')>('../../lib/crypto/random.ts', {
    'node:crypto': { ...crypto, randomFillSync: (buffer: Buffer) => { pool = buffer; return buffer.fill(0xcd) } }
  })
  mock.randomBytes(32)
  mock.randomBytes(10)
  t.same(pool!.subarray(0, 42), Buffer.alloc(42))
  t.equal(pool![42], 0xcd)
})

t.test('one call of the source serves 4,096 bytes, to the last one', async t => {
  for (const [draws, draw] of [
    [4_096, random => random.randomBytes(1)], [128, random => random.randomText(32)], [682, random => random.randomVersion()]
  ] as Array<[number, (random: typeof import('../../lib/crypto/random.ts')) => unknown]>) {
    let calls = 0
    const mock = await t.mockImport<typeof import('../../lib/crypto/random.ts')>('../../lib/crypto/random.ts', {
      'node:crypto': { ...crypto, randomFillSync: (buffer: Buffer) => { calls++; return buffer.fill(0xab) } }
    })
    for (let n = 0; n < draws; n++) draw(mock)
    t.equal(calls, 1)
    draw(mock)
    t.equal(calls, 2)
  }
})

t.test('versions are integers from 1 to 2^48 - 1', async t => {
  for (let n = 0; n < 1_000; n++) {
    const version = randomVersion()
    if (!Number.isSafeInteger(version) || version < 1 || version >= 2 ** 48) t.fail(String(version))
  }
  t.equal(randomBytes(5).length, 5)
})

t.test('only 43 characters of base64url are a token', async t => {
  t.equal(isToken(newToken()), true)
  for (const text of ['', 'a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}=`, `${'a'.repeat(42)}\n`, `${'a'.repeat(42)}é`]) t.equal(isToken(text), false)
})

t.test('an id is a hash of token and property', async t => {
  const token = newToken()
  t.match(idOfToken('session', token), /^[0-9a-f]{64}$/)
  t.equal(idOfToken('session', token), idOfToken('session', token))
  t.not(idOfToken('session', token), idOfToken('admin', token))
  t.equal(idOfToken('session', token), crypto.createHash('sha256').update(`session:${token}`).digest('hex'))
})
