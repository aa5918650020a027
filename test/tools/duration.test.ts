import fc from 'fast-check'
import t from 'tap'
import { DURATION_PATTERN, toMilliseconds } from '../../lib/tools/duration.ts'

t.test('a number is seconds, text has a unit', async t => {
  for (const [duration, ms] of [
    [1, 1_000], [0.5, 500], ['90s', 90_000], ['30m', 1_800_000], ['12h', 43_200_000], ['14d', 1_209_600_000], ['1.5h', 5_400_000], ['007s', 7_000]
  ] as const) t.equal(toMilliseconds(duration), ms, String(duration))
})

t.test('the shortest is a millisecond, the longest an exact integer', async t => {
  t.equal(toMilliseconds(1e-9), 1)
  t.equal(toMilliseconds('0.000001s'), 1)
  t.equal(toMilliseconds(1e300), Number.MAX_SAFE_INTEGER)
  t.equal(toMilliseconds('999999999d'), Number.MAX_SAFE_INTEGER)
})

t.test('anything else is no duration', async t => {
  for (const value of [0, -0, -1, NaN, Infinity, -Infinity, 1e308, '', '0s', '0.0d', '5', 's', '5 s', ' 5s', '5s ', '5S', '5ms', '5w', '-5s', '+5s', '1e3s', '.5s', '5.s', '1,5s', '5s5s', '5s\n', '1234567890s', 'Infinitys', '٣s']) {
    t.equal(toMilliseconds(value), null, JSON.stringify(value))
  }
})

t.test('whatever is given, the answer is null or a whole number of milliseconds above 0', async t => {
  fc.assert(fc.property(fc.oneof(fc.double(), fc.string(), fc.stringMatching(new RegExp(DURATION_PATTERN))), duration => {
    const ms = toMilliseconds(duration)
    return ms === null || (Number.isSafeInteger(ms) && ms > 0)
  }))
  t.pass()
})
