import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { Xaes256Gcm } from '../../lib/crypto/xaes.ts'

const { vectors, accumulated } = JSON.parse(readFileSync(new URL('../vectors/xaes-256-gcm.json', import.meta.url), 'utf8'))

for (const vector of vectors) {
  t.test(`seals and opens the vector with the key ${vector.key.slice(0, 4)}…`, async t => {
    const cipher = new Xaes256Gcm(Buffer.from(vector.key, 'hex'))
    const nonce = Buffer.from(vector.nonce_ascii)
    const aad = Buffer.from(vector.aad_ascii)
    const sealed = Buffer.concat(cipher.seal(nonce, Buffer.from(vector.plaintext_ascii), aad))
    t.equal(sealed.toString('hex'), vector.ciphertext)
    t.equal(cipher.open(nonce, sealed, aad)?.toString(), vector.plaintext_ascii)
  })
}

t.test('seals the accumulated run of 10,000 random inputs', async t => {
  // The run takes less than 200 bytes of random input for each iteration on average, 586 at most.
  const stream = createHash('shake128', { outputLength: 10_000 * 586 }).digest()
  let at = 0
  const take = (bytes: number) => {
    at += bytes
    return stream.subarray(at - bytes, at)
  }
  t.equal(stream.subarray(0, 16).toString('hex'), '7f9c2ba4e88f827d616045507605853e')
  const digest = createHash('shake128', { outputLength: 32 })
  for (let n = 0; n < 10_000; n++) {
    const cipher = new Xaes256Gcm(take(32))
    const nonce = take(24)
    const plaintext = take(take(1)[0]!)
    const aad = take(take(1)[0]!)
    const sealed = Buffer.concat(cipher.seal(nonce, plaintext, aad))
    digest.update(sealed)
    if (n % 100 === 0) t.same(cipher.open(nonce, sealed, aad), plaintext)
  }
  t.equal(digest.digest('hex'), accumulated.iterations_10000)
})

t.test('opens nothing that was altered anywhere', async t => {
  const cipher = new Xaes256Gcm(Buffer.alloc(32, 7))
  const nonce = Buffer.alloc(24, 1)
  const aad = Buffer.from('context')
  const sealed = Buffer.concat(cipher.seal(nonce, Buffer.from('content'), aad))
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const altered = Buffer.from(sealed)
    altered[bit >> 3]! ^= 1 << (bit & 7)
    if (cipher.open(nonce, altered, aad) !== null) t.fail(`bit ${bit}`)
  }
  for (let at = 0; at < 24; at++) {
    const other = Buffer.from(nonce)
    other[at]! ^= 1
    if (cipher.open(other, sealed, aad) !== null) t.fail(`nonce ${at}`)
  }
  t.equal(cipher.open(nonce, sealed, Buffer.from('Context')), null)
  t.equal(cipher.open(nonce, sealed.subarray(0, 15), aad), null, 'shorter than a tag')
  t.equal(new Xaes256Gcm(Buffer.alloc(32, 8)).open(nonce, sealed, aad), null)
})
