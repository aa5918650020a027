import t from 'tap'
import { Pulse } from '../../../lib/backends/watching/pulse.ts'

/** A pulse with a clock to move, and what it asked of its line. */
function bench () {
  const clock = { now: 10_000 }
  const sent: string[] = []
  const line = { ask: () => { sent.push('ask') }, restart: () => { sent.push('restart') } }
  const pulse = new Pulse(line, () => clock.now)
  return { clock, pulse, sent: () => sent.splice(0), isLive: (isUp = true) => pulse.isWithin(1_000, isUp) }
}

t.test('an answer proves what was said before the question, for as long as the lease', async t => {
  const { clock, pulse, sent, isLive } = bench()
  t.equal(isLive(), false, 'nothing is proven yet')
  t.strictSame(sent(), ['ask'])
  clock.now += 600
  pulse.answered()
  t.equal(isLive(), true)
  t.strictSame(sent(), ['ask'], 'more than half of the lease is over')
  clock.now += 400
  t.equal(isLive(), true)
  clock.now += 1
  t.equal(isLive(), false)
  pulse.answered()
  t.equal(isLive(), true, 'counted from the question')
})

t.test('it asks only when somebody wants to know, once, and where it can be asked', async t => {
  const { clock, pulse, sent, isLive } = bench()
  t.equal(isLive(false), false)
  t.strictSame(sent(), [])
  isLive()
  pulse.answered()
  clock.now += 500
  isLive()
  t.strictSame(sent(), ['ask'], 'not before half of the lease')
  clock.now += 1
  isLive()
  isLive()
  t.strictSame(sent(), ['ask'])
})

t.test('answers that come later than the lease make nothing live', async t => {
  const { clock, pulse, isLive } = bench()
  for (let n = 0; n < 3; n++) {
    isLive()
    clock.now += 1_500
    pulse.answered()
    t.equal(isLive(), false)
  }
})

t.test('a connection that does not answer is given up, once', async t => {
  const { clock, pulse, sent, isLive } = bench()
  isLive()
  clock.now += 2_000
  isLive()
  t.strictSame(sent(), ['ask'])
  clock.now++
  t.equal(isLive(), false)
  t.equal(isLive(false), false)
  t.strictSame(sent(), ['restart'])
  pulse.answered()
  t.equal(isLive(false), false, 'a late answer of the old connection')
  pulse.wait()
  clock.now += 2_001
  isLive(false)
  t.strictSame(sent(), ['restart'], 'one that is being made too')
})

t.test('a lost connection proves nothing, and one that was refused is left alone for a while', async t => {
  const { clock, pulse, sent, isLive } = bench()
  isLive()
  pulse.answered()
  pulse.stop()
  t.equal(isLive(), false)
  pulse.pause(30_000)
  sent()
  clock.now += 32_000
  t.equal(isLive(), false)
  t.strictSame(sent(), [])
  clock.now++
  isLive()
  t.strictSame(sent(), ['restart'])
})
