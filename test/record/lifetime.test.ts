import fc from 'fast-check'
import t from 'tap'
import type { SessionPolicy, SessionRecord } from '../../lib/index.ts'
import { deadlineOf, effectiveDeadline, isExpired, isRenewalDue, lifetimeOf, type LifetimeOptions, usedAt } from '../../lib/record/lifetime.ts'

const options: LifetimeOptions = { idleMs: 1_000, absoluteMs: 5_000, renewAfter: 0.25, persistent: false }

function recordAt (lastAccessedAt: number, overrides: Partial<SessionRecord> = {}, by: LifetimeOptions = options): SessionRecord {
  const record = { id: 'i', version: 1, data: '{}', schemaVersion: 1, createdAt: 0, lastAccessedAt, expiresAt: 0, subject: null, policy: null, meta: null, ...overrides }
  return { ...record, expiresAt: overrides.expiresAt ?? deadlineOf(record, by) }
}

/** The record after a use of the session: renewed, or unchanged. */
function use (record: SessionRecord, by: LifetimeOptions, now: number): SessionRecord {
  return isRenewalDue(record, by, now) ? recordAt(usedAt(record, now), { ...record, lastAccessedAt: usedAt(record, now), expiresAt: undefined as never }, by) : record
}

t.test('a policy of the session goes before the options, one by one', async t => {
  t.equal(lifetimeOf(null, options), options)
  t.strictSame(lifetimeOf({}, options), options)
  t.strictSame(lifetimeOf({ idleTimeout: 1, absoluteTimeout: 2, persistent: true }, options), { idleMs: 1, absoluteMs: 2, renewAfter: 0.25, persistent: true })
  t.equal(lifetimeOf({ absoluteTimeout: null }, options).absoluteMs, Infinity)
  t.equal(lifetimeOf({ absoluteTimeout: 9 }, options).idleMs, 1_000)
})

t.test('the nearer of the two deadlines counts, from the exact millisecond on', async t => {
  t.equal(deadlineOf(recordAt(0), options), 1_000)
  t.equal(deadlineOf(recordAt(4_500), options), 5_000)
  t.notOk(isExpired(recordAt(0), options, 999))
  t.ok(isExpired(recordAt(0), options, 1_000))
})

t.test('no deadline is later than a Date can show', async t => {
  const forever = { ...options, idleMs: Number.MAX_SAFE_INTEGER, absoluteMs: Infinity }
  t.ok(Number.isFinite(new Date(deadlineOf(recordAt(Date.now()), forever)).getTime()))
})

t.test('of the stored deadline and the options in force, the nearer counts', async t => {
  t.equal(effectiveDeadline(recordAt(0, { expiresAt: 300 }), options), 300, 'the options were stricter')
  t.equal(effectiveDeadline(recordAt(0, { expiresAt: 9_000 }), options), 1_000, 'they are stricter now')
})

t.test('a use is recorded once renewAfter of the idle time has passed', async t => {
  t.notOk(isRenewalDue(recordAt(0), options, 249))
  t.ok(isRenewalDue(recordAt(0), options, 250))
  t.notOk(isRenewalDue(recordAt(1_000), options, 1_249), 'since the last use that was recorded')
  t.ok(isRenewalDue(recordAt(1_000), options, 1_250))
  t.ok(isRenewalDue(recordAt(0), { ...options, renewAfter: 0 }, 1), '0 is exact')
  t.notOk(isRenewalDue(recordAt(0), { ...options, renewAfter: 0 }, 0), 'and still never twice in a millisecond')
  t.notOk(isRenewalDue(recordAt(0), { ...options, renewAfter: 1 }, 999))
})

t.test('no renewal where it could not move the deadline', async t => {
  t.ok(isRenewalDue(recordAt(3_900), options, 4_200))
  t.notOk(isRenewalDue(recordAt(4_200), options, 4_900), 'the absolute one is near')
})

t.test('looser options are taken over at the next use', async t => {
  t.ok(isRenewalDue(recordAt(0), { ...options, idleMs: 2_000 }, 10))
})

t.test('stricter options do not end a session that is in use', async t => {
  const strict = { ...options, idleMs: 100 }
  let record = recordAt(0)
  for (let now = 50; now < 4_000; now += 50) {
    t.notOk(isExpired(record, strict, now), `at ${now}`)
    record = use(record, strict, now)
  }
})

t.test('a clock that lags behind moves nothing back', async t => {
  t.equal(usedAt(recordAt(500), 400), 500)
  t.equal(usedAt(recordAt(500), 600), 600)
  t.notOk(isRenewalDue(recordAt(500), options, 400))
})

const ms = fc.integer({ min: 1, max: 10_000 })
const arbitraryOptions: fc.Arbitrary<LifetimeOptions> = fc.record({
  idleMs: ms, absoluteMs: fc.oneof(ms, fc.constant(Infinity)), renewAfter: fc.double({ min: 0, max: 1, noNaN: true }), persistent: fc.boolean()
})
const arbitraryPolicy: fc.Arbitrary<SessionPolicy | null> = fc.option(fc.record({ idleTimeout: ms, absoluteTimeout: fc.option(ms), persistent: fc.boolean() }, { requiredKeys: [] }))
const times = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 20 })

t.test('law: no deadline is past the absolute one, and a renewal never brings the one that holds nearer', async t => {
  fc.assert(fc.property(arbitraryOptions, arbitraryOptions, arbitraryPolicy, times, (written, inForce, policy, pauses) => {
    let record = recordAt(0, { policy }, written)
    let now = 0
    for (const pause of pauses) {
      now += pause
      if (isExpired(record, inForce, now)) return true
      const before = effectiveDeadline(record, inForce)
      record = use(record, inForce, now)
      const after = effectiveDeadline(record, inForce)
      if (after < before || after > record.createdAt + lifetimeOf(policy, inForce).absoluteMs) return false
    }
    return true
  }))
  t.pass()
})

t.test('law: within one renewal window there is at most one renewal', async t => {
  fc.assert(fc.property(arbitraryOptions, arbitraryPolicy, times, (by, policy, pauses) => {
    let record = recordAt(0, { policy }, by)
    let [now, renewedAt] = [0, 0]
    const { idleMs, renewAfter } = lifetimeOf(policy, by)
    for (const pause of pauses) {
      now += pause
      if (isExpired(record, by, now)) return true
      const next = use(record, by, now)
      if (next !== record && now - renewedAt < renewAfter * idleMs) return false
      if (next !== record) renewedAt = now
      record = next
      if (isRenewalDue(record, by, now)) return false
    }
    return true
  }))
  t.pass()
})

t.test('law: unless the absolute deadline comes first, a session lives on for (1 − renewAfter) · idle to idle after its last use', async t => {
  fc.assert(fc.property(arbitraryOptions, times, (by, pauses) => {
    const endless = { ...by, absoluteMs: Infinity }
    let record = recordAt(0, {}, endless)
    let now = 0
    for (const pause of pauses) {
      now += pause
      if (isExpired(record, endless, now)) return true
      record = use(record, endless, now)
      const left = effectiveDeadline(record, endless) - now
      if (left > endless.idleMs || left < (1 - endless.renewAfter) * endless.idleMs - 1e-6) return false
    }
    return true
  }))
  t.pass()
})
