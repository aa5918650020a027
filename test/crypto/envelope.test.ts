import crypto, { randomBytes } from 'node:crypto'
import t from 'tap'
import { sealedEnvelope, signedEnvelope } from '../../lib/crypto/envelope.ts'

const [older, newer] = [randomBytes(32), randomBytes(32)] as const
const content = Buffer.from('{"user":"ada"}')

for (const [name, envelopeOf] of [['sealed', sealedEnvelope], ['signed', signedEnvelope]] as const) {
  t.test(`${name} text`, async t => {
    const envelope = envelopeOf([older], 'test')('cookie')
    const text = envelope.seal(content)

    await t.test('opens to what it was made of', async t => {
      t.same(envelope.open(text), content)
      t.same(envelope.open(envelope.seal(Buffer.alloc(0))), Buffer.alloc(0))
    })

    await t.test('opens with no other secret, purpose or context', async t => {
      t.equal(envelopeOf([newer], 'test')('cookie').open(text), null)
      t.equal(envelopeOf([older], 'other')('cookie').open(text), null)
      t.equal(envelopeOf([older], 'test')('cooki').open(text), null)
      t.equal(envelopeOf([older], 'test')('cookie2').open(text), null)
    })

    await t.test('opens while its secret is one of several, and is stale once another comes first', async t => {
      const rotated = envelopeOf([newer, older], 'test')('cookie')
      t.same(rotated.open(text), content)
      t.equal(rotated.isStale(text), true)
      t.equal(rotated.isStale(rotated.seal(content)), false)
      t.equal(envelope.isStale(text), false)
    })

    await t.test('opens when one secret is given twice', async t => {
      t.same(envelopeOf([older, older], 'test')('cookie').open(text), content)
    })

    await t.test('does not open with any bit flipped, nor cut anywhere, nor lengthened', async t => {
      for (let at = 0; at < text.length; at++) {
        if (envelope.open(text.slice(0, at)) !== null) t.fail(`cut at ${at}`)
        for (let bit = 0; bit < 8; bit++) {
          const altered = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << bit)) + text.slice(at + 1)
          if (envelope.open(altered) !== null) t.fail(`bit ${bit} of character ${at}`)
        }
      }
      for (const more of ['A', '=', ' ', '\n', '!', text]) t.equal(envelope.open(text + more), null)
    })

    await t.test('has one form: what Node decodes to the same bytes is refused', async t => {
      const padded = envelope.seal(Buffer.alloc(64, 0xff))
      const standard = Buffer.from(padded, 'base64url').toString('base64')
      if (standard !== padded) t.equal(envelope.open(standard), null)
      t.equal(envelope.open(`${padded}==`), null)
    })
  })
}

t.test('signed text shows its content, sealed text does not', async t => {
  const visible = (text: string) => Buffer.from(text, 'base64url').includes(content)
  t.equal(visible(signedEnvelope([older], 'test')('cookie').seal(content)), true)
  t.equal(visible(sealedEnvelope([older], 'test')('cookie').seal(content)), false)
})

t.test('one kind of text is not taken for the other', async t => {
  const [sealed, signed] = [sealedEnvelope([older], 'test')('cookie'), signedEnvelope([older], 'test')('cookie')]
  t.equal(sealed.open(signed.seal(content)), null)
  t.equal(signed.open(sealed.seal(content)), null)
})

t.test('signed content cannot be moved over to the context', async t => {
  const short = signedEnvelope([older], 'test')('a')
  const long = signedEnvelope([older], 'test')('ab')
  const text = long.seal(Buffer.from('c'))
  const bytes = Buffer.from(text, 'base64url')
  const moved = Buffer.concat([bytes.subarray(0, 37), Buffer.from('bc')]).toString('base64url')
  t.equal(short.open(moved), null)
})

t.test('signatures are compared in constant time', async t => {
  const compared: number[] = []
  const { signedEnvelope } = await t.mockImport<typeof import('../../lib/crypto/envelope.ts')>('../../lib/crypto/envelope.ts', {
    'node:crypto': { ...crypto, timingSafeEqual: (a: Buffer, b: Buffer) => { compared.push(a.length); return crypto.timingSafeEqual(a, b) } }
  })
  const envelope = signedEnvelope([older], 'test')('cookie')
  const text = envelope.seal(content)
  t.same(envelope.open(text), content)
  // A tag that is wrong in its first byte and a tag that is wrong in its last byte take a whole comparison each.
  for (const at of [5, 36]) {
    const bytes = Buffer.from(text, 'base64url')
    bytes[at]! ^= 1
    t.equal(envelope.open(bytes.toString('base64url')), null)
  }
  t.strictSame(compared, [32, 32, 32])
})

t.test('of a hundred thousand seals under one key no nonce comes twice', async t => {
  const envelope = sealedEnvelope([older], 'test')('cookie')
  const nonces = new Set<string>()
  for (let n = 0; n < 100_000; n++) nonces.add(Buffer.from(envelope.seal(content), 'base64url').toString('latin1', 5, 29))
  t.equal(nonces.size, 100_000)
})
