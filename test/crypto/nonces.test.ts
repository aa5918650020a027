import t from 'tap'
import { Nonces } from '../../lib/crypto/xaes.ts'

t.test('the half of a nonce that makes the key serves 4,096 messages, the other half one', async t => {
  const nonces = new Nonces()
  const drawn = Array.from({ length: 3 * 4_096 }, () => nonces.next().toString('hex'))
  const keys = drawn.map(nonce => nonce.slice(0, 24))
  t.equal(new Set(keys).size, 3)
  for (const start of [0, 4_096, 8_192]) t.equal(new Set(keys.slice(start, start + 4_096)).size, 1)
  t.equal(new Set(drawn.map(nonce => nonce.slice(24))).size, drawn.length)
})

t.test('two sources have nothing in common', async t => {
  const [one, other] = [new Nonces(), new Nonces()].map(nonces => nonces.next()) as [Buffer, Buffer]
  t.notSame(one.subarray(0, 12), other.subarray(0, 12))
  t.notSame(one.subarray(12), other.subarray(12))
})

t.test('every byte of a nonce is drawn', async t => {
  const drawn = Array.from({ length: 64 }, () => Buffer.from(new Nonces().next()))
  for (let at = 0; at < 24; at++) t.ok(new Set(drawn.map(nonce => nonce[at])).size > 1, `byte ${at}`)
})
