import t from 'tap'
import { idOfToken } from '../lib/record/ids.ts'
import { check } from '../stress/checker.ts'
import { findGhosts } from '../stress/ghosts.ts'
import type { Answer, Event, History, Kind } from '../stress/history.ts'
import { endingTimes } from '../stress/measures.ts'
import { stepOf } from '../stress/recorder.ts'

const TIMEOUT_MS = 2_000
const ANSWER: Answer = { isAccepted: true, seen: {}, after: {}, id: '', count: null, calledAt: null }

/** A request without a cookie that was answered within a millisecond. */
function event (kind: Kind, at: number, more: Partial<Event> = {}): Event {
  const times = { begin: at, end: at + 1, clockBegin: at, clockEnd: at + 1 }
  const answered = { status: 200, code: null, issued: null, answer: ANSWER }
  return { ...stepOf(kind, { subject: 'ann' }), client: 0, token: null, ...times, ...answered, ...more }
}

const signIn = (at: number, issued: string, more: Partial<Event> = {}): Event =>
  event('login', at, { issued, key: issued, value: at, answer: { ...ANSWER, isAccepted: false, calledAt: at }, ...more })

const refused = { status: 409, code: 'SES_DESTROYED', answer: null }

function broken (events: readonly Event[], more: Partial<History> = {}): string[] {
  const history = { events, absoluteMs: Infinity, clocksAgree: true, timeoutMs: TIMEOUT_MS, stored: null, mayFail: () => false, ...more }
  // The made-up answers tell nothing of data.
  return check(history).map(({ promise }) => promise).filter(promise => promise !== 'an acknowledged key stays')
}

t.test('a 503 breaks a promise, except for who may fail', async t => {
  const events = [event('read', 0, { status: 503, answer: null })]
  t.strictSame(broken(events), ['who did nothing wrong gets no 503'])
  t.strictSame(broken(events, { mayFail: ({ kind }) => kind === 'read' }), [])
})

t.test('an ending breaks a promise when it fails or takes longer than the time limit, and a read of that length does not', async t => {
  const begun = signIn(0, 'a')
  const long = { token: 'a', end: 10 + TIMEOUT_MS + 1_500 }
  t.strictSame(broken([begun, event('destroy', 10, { token: 'a', status: 503, answer: null })]), ['an ending is acknowledged in time'])
  t.strictSame(broken([begun, event('destroy', 10, long)]), ['an ending is acknowledged in time'])
  t.strictSame(broken([begun, event('read', 10, long)]), [])
})

t.test('a refusal needs a reason', async t => {
  const begun = signIn(0, 'a')
  const conflict = { ...refused, code: 'SES_CONFLICT' }
  t.strictSame(broken([begun, event('regenerate', 10, { token: 'a', ...refused })]), ['a session stays until it is ended'])
  t.strictSame(broken([begun, event('regenerate', 10, { token: 'a', ...conflict })]), ['an ending or a new id has a last resort'])
  t.strictSame(broken([begun, event('write', 10, { token: 'a', ...conflict })]), [], 'only writes may run out of tries')
  t.strictSame(broken([begun, event('destroy', 10, { token: 'a' }), event('regenerate', 10, { token: 'a', ...refused })]), [])
  t.strictSame(broken([event('revoke', 10, refused)]), ['a revocation is not refused'])
})

t.test('a sign-in is refused only beside a revocation of its subject', async t => {
  const login = event('login', 10, refused)
  t.strictSame(broken([event('revoke', 5, { answer: null }), login]), ['a session stays until it is ended'], 'that had ended before')
  t.strictSame(broken([event('revoke', 5, { answer: null, end: 20 }), login]), [])
  t.strictSame(broken([event('revoke', 5, { answer: null, end: 20, subject: 'bob' }), login]), ['a session stays until it is ended'])
  const jumped = { ...login, clockEnd: 10_000 }
  t.strictSame(broken([event('revoke', 5, { answer: null }), jumped]), [], 'the clocks jumped meanwhile')
  const short = { absoluteMs: 10_000 }
  t.strictSame(broken([jumped], short), ['a session stays until it is ended'], 'they jumped by less than the session lives')
  t.strictSame(broken([{ ...jumped, clockEnd: 10_010 }], short), [], 'the new session was over before its sign-in was')
  t.strictSame(broken([jumped]), ['a session stays until it is ended'], 'a jump alone ends nothing')
})

t.test('a logout beside a sign-in of the same session may end it, and one from before may not', async t => {
  const login = { ...event('login', 10, refused), token: 'a' }
  const logout = (more: object) => event('destroy', 5, { token: 'a', ...more })
  t.strictSame(broken([signIn(0, 'a'), logout({ end: 20 }), login]), [])
  t.strictSame(broken([signIn(0, 'a'), logout({ end: 6 }), login]), ['a session stays until it is ended'])
  t.strictSame(broken([signIn(0, 'a'), logout({ end: 20 }), { ...login, code: 'SES_CONFLICT' }]), ['an ending or a new id has a last resort'])
})

t.test('a revocation also ends a sign-in under way whose login() had been called', async t => {
  const revoked = event('revoke', 10, { answer: null })
  const read = event('read', 50, { token: 'a' })
  t.strictSame(broken([signIn(5, 'a', { end: 40 }), revoked, read]), ['a revoked session is not accepted'])
  t.strictSame(broken([signIn(5, 'a', { end: 40 }), revoked, read], { clocksAgree: false }), [], 'which only a clock can tell')
  const later = { ...ANSWER, isAccepted: false, calledAt: 12 }
  t.strictSame(broken([signIn(5, 'a', { end: 40, answer: later }), revoked, read]), [], 'one that is called later is new')
})

t.test('revoke(id) ends what a new id under way continues, and not what was moved on before', async t => {
  const moved = event('regenerate', 10, { token: 'a', issued: 'b', end: 30 })
  const read = event('read', 50, { token: 'b' })
  t.strictSame(broken([signIn(0, 'a'), moved, event('end', 20, { token: 'a', answer: null }), read]), ['an ended session is not accepted'])
  t.strictSame(broken([signIn(0, 'a'), moved, event('end', 40, { token: 'a', answer: null }), read]), [])
})

t.test('where caches may be late, what is seen late breaks a promise after that time only, and a transaction at once', async t => {
  const logout = event('destroy', 10, { token: 'a' })
  const readAt = (at: number, seen = {}) => event('read', at, { token: 'a', answer: { ...ANSWER, seen } })
  for (const [at, staleMs, promises] of [[500, 0, 1], [500, 1_000, 0], [1_500, 1_000, 1]] as const) {
    t.equal(broken([signIn(0, 'a'), logout, readAt(at)], { staleMs }).length, promises, `ended, ${at} ms`)
    const count = event('count', 10, { token: 'a', answer: { ...ANSWER, count: 1 } })
    t.equal(broken([signIn(0, 'a'), count, readAt(at)], { staleMs }).length, promises, `counted, ${at} ms`)
    const write = event('write', 10, { token: 'a', key: 'k', value: 7, isSaved: true, answer: { ...ANSWER, seen: { a: 0 } } })
    const history = { events: [signIn(0, 'a'), write, readAt(at, { a: 0 })], absoluteMs: Infinity, clocksAgree: true, timeoutMs: TIMEOUT_MS, stored: null, mayFail: () => false, staleMs }
    t.equal(check(history).length, promises, `written, ${at} ms`)
  }
  const counted = [10, 20].map(at => event('count', at, { token: 'a', answer: { ...ANSWER, count: 1 } }))
  t.ok(broken([signIn(0, 'a'), ...counted], { staleMs: 1_000 }).length > 0)
})

t.test('the times of endings have the longest and the 99th of a hundred', async t => {
  const events = Array.from({ length: 200 }, (_, n) => event('destroy', 0, { token: 'a', end: n + 1 }))
  t.strictSame(endingTimes([...events, event('login', 0), event('read', 0)]), { destroy: { count: 200, p99Ms: 198, longestMs: 200 } })
})

t.test('a listed session that no client holds is a ghost beside a living old one, and else lost its answer', async t => {
  const lost = { token: 'a', status: 0, answer: null, key: 'new' }
  const listed = [{ id: idOfToken('session', 'a'), data: {} }, { id: 'nobody', data: { new: 1 } }]
  const read = event('read', 50, { token: 'a' })
  const ids = (events: Event[]) => {
    const { ghosts, unheard } = findGhosts(events, listed)
    return { ghosts: ghosts.map(({ id }) => id), unheard: unheard.map(({ id }) => id) }
  }
  t.strictSame(ids([signIn(0, 'a'), event('login', 10, lost), read]), { ghosts: ['nobody'], unheard: [] })
  const dead = { ...read, answer: { ...ANSWER, isAccepted: false } }
  t.strictSame(ids([signIn(0, 'a'), event('login', 10, lost), dead]), { ghosts: [], unheard: ['nobody'] })
  t.strictSame(ids([signIn(0, 'a'), event('login', 10, { ...lost, token: null }), read]), { ghosts: [], unheard: ['nobody'] })
})
