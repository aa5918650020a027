import crypto from 'node:crypto'
import t, { type Test } from 'tap'
import { Xaes256Gcm } from '../../lib/crypto/xaes.ts'

const key = Buffer.alloc(32, 7)
const aad = Buffer.from('context')
const content = Buffer.from('content')

/** A nonce whose first half is this number. */
function nonceOf (number: number): Buffer {
  const nonce = Buffer.alloc(24, 1)
  nonce.writeUInt32BE(number, 8)
  return nonce
}

/** A cipher that counts the message keys it derives. */
async function counted (t: Test) {
  const count = { derived: 0 }
  const createSecretKey = (bytes: Buffer) => { count.derived++; return crypto.createSecretKey(bytes) }
  const mock = await t.mockImport<typeof import('../../lib/crypto/xaes.ts')>('../../lib/crypto/xaes.ts', { 'node:crypto': { ...crypto, createSecretKey } })
  return { cipher: new mock.Xaes256Gcm(key), count }
}

const sealed = (number: number) => Buffer.concat(new Xaes256Gcm(key).seal(nonceOf(number), content, aad))

t.test('each byte of the first half of a nonce makes another key', async t => {
  const cipher = new Xaes256Gcm(key)
  for (let at = -1; at < 12; at++) {
    const nonce = Buffer.alloc(24, 1)
    if (at !== -1) nonce[at]! ^= 1
    const text = Buffer.concat(cipher.seal(nonce, content, aad))
    t.same(new Xaes256Gcm(key).open(nonce, text, aad), content, 'as a cipher finds it that remembers nothing')
  }
})

t.test('the last 256 keys are remembered by those who seal', async t => {
  const { cipher, count } = await counted(t)
  const seal = (number: number) => cipher.seal(nonceOf(number), content, aad)
  for (let round = 0; round < 2; round++) for (let number = 0; number < 256; number++) seal(number)
  t.equal(count.derived, 256)
  seal(256)
  seal(1)
  t.equal(count.derived, 257, 'one more takes the place of the oldest')
  seal(0)
  t.equal(count.derived, 258)
})

t.test('the keys of what was opened are remembered', async t => {
  const { cipher, count } = await counted(t)
  for (let round = 0; round < 3; round++) t.same(cipher.open(nonceOf(1), sealed(1), aad), content)
  t.equal(count.derived, 1)
})

t.test('what is forged pushes out no key', async t => {
  const { cipher, count } = await counted(t)
  cipher.open(nonceOf(0), sealed(0), aad)
  for (let number = 1; number <= 300; number++) t.equal(cipher.open(nonceOf(number), sealed(0), aad), null)
  t.equal(count.derived, 301)
  cipher.open(nonceOf(0), sealed(0), aad)
  t.equal(count.derived, 301)
})

t.test('a key that is used again and again is not remembered twice', async t => {
  const { cipher, count } = await counted(t)
  for (let number = 0; number < 256; number++) cipher.seal(nonceOf(number), content, aad)
  for (let round = 0; round < 300; round++) cipher.open(nonceOf(255), sealed(255), aad)
  cipher.seal(nonceOf(0), content, aad)
  t.equal(count.derived, 256)
})
