const http = names => names.split(' ').map(name => `test/http/${name}.test.ts`)

/** The tests in which nearly all of lib/lifecycle and lib/store shows. */
const FLOWS = [
  'test/session/',
  'test/lifecycle/tries.test.ts',
  'test/lifecycle/conflicts.test.ts',
  'test/lifecycle/misbehaving-backends.test.ts'
]

/** Tests that start servers or try very many cases, which takes too long for each change. */
export const tooSlow = [
  'test/session/revocable-on-stores.test.ts',
  'test/session/renewal-beside-others.test.ts',
  'test/lifecycle/merging-by-path.test.ts'
]

/**
 * The tests that should notice a change in a file or folder of lib, beside the module's twin; those that fail most quickly
 * first. The longest name counts that the path of a file begins with.
 */
export const testsByName = {
  'lib/payload/changes.ts': ['test/payload/changes.test.ts'],
  'lib/record/lifetime.ts': ['test/record/lifetime.test.ts', 'test/session/lifetimes.test.ts'],
  'lib/readers/': ['test/readers/'],
  'lib/crypto/': ['test/crypto/', 'test/record/wire-format.test.ts', 'test/cookies/rotation.test.ts', 'test/payload/encrypt.test.ts'],
  'lib/tools/bounded-map.ts': ['test/tools/bounded-map.test.ts'],
  'lib/store/breaker.ts': ['test/store/breaker.test.ts'],
  'lib/store/queue.ts': [
    'test/store/queue.test.ts',
    'test/lifecycle/together.test.ts',
    'test/lifecycle/failed-in-the-queue.test.ts',
    'test/lifecycle/conflicts.test.ts'
  ],
  'lib/store/': [...FLOWS, 'test/http/', 'test/store/', 'test/administration/'],
  'lib/lifecycle/commit.ts': [
    ...FLOWS,
    ...http('gone-records empty-sessions unchanged-sessions head-out other-hooks set-cookie what-counts-as-use backend-errors'),
    'test/lifecycle/commit-events.test.ts',
    'test/lifecycle/together.test.ts',
    'test/lifecycle/arrivals.test.ts',
    'test/lifecycle/secrets.test.ts',
    'test/lifecycle/secrets-beside-others.test.ts',
    'test/lifecycle/revocable-orders.test.ts',
    'test/administration/audit.test.ts',
    'test/payload/payload-schema.test.ts',
    'test/store/timeout.test.ts'
  ],
  'lib/lifecycle/usual.ts': ['test/lifecycle/usual.test.ts'],
  'lib/lifecycle/draft.ts': [
    ...FLOWS, ...http('empty-sessions unchanged-sessions what-counts-as-use'), 'test/payload/schema-version.test.ts'
  ],
  'lib/lifecycle/': [...FLOWS, ...http('gone-records empty-sessions unchanged-sessions head-out other-hooks'), 'test/administration/'],
  'lib/lifecycle/end.ts': [...FLOWS, 'test/administration/'],
  'lib/lifecycle/rotate.ts': [...FLOWS, 'test/lifecycle/revocable-orders.test.ts', 'test/administration/'],
  'lib/lifecycle/successor.ts': [...FLOWS, 'test/administration/'],
  'lib/http/': ['test/cookies/', 'test/http/'],
  'lib/http/caching.ts': http('caching-headers'),
  'lib/http/client-gone.ts': http('client-gone closed-early'),
  'lib/http/chunks.ts': ['test/cookies/'],
  'lib/http/channels.ts': [
    'test/cookies/', 'test/lifecycle/arrivals.test.ts', 'test/migrate/from-backend.test.ts', 'test/backends/express-shared/edges.test.ts', 'test/http/'
  ],
  'lib/http/session-cookie.ts': ['test/cookies/', 'test/backends/express-shared/edges.test.ts', 'test/http/'],
  'lib/http/cookie-header.ts': ['test/cookies/', 'test/backends/express-shared/edges.test.ts', ...http('cookie-lines duplicate-cookies rejected-cookies refused-before-the-backend')],
  'lib/http/hold.ts': http('double-send head-out streams other-hooks caching-headers timed-out websocket'),
  'lib/http/error-reply.ts': [...http('failed-commit responses timed-out'), 'test/session/required-freshness.test.ts'],
  'lib/http/detached-cookies.ts': [
    'test/administration/', 'test/session/about.test.ts', 'test/session/write-context.test.ts', 'test/lifecycle/arrivals.test.ts',
    'test/lifecycle/secrets.test.ts'
  ],
  'lib/http/foreign-cookies.ts': ['test/http/foreign-cookies.test.ts', 'test/lifecycle/arrivals.test.ts', 'test/migrate/from-backend.test.ts'],
  'lib/http/body.ts': http('body responses streams failed-commit caching-headers'),
  'lib/http/reply-cookies.ts': [
    ...http('clearing-cookie leftover-changes plain-http head-out failed-commit set-cookie other-hooks caching-headers websocket'),
    'test/cookies/splitting.test.ts',
    'test/session/destroy.test.ts',
    'test/session/save-and-reload.test.ts',
    'test/lifecycle/arrivals.test.ts',
    'test/lifecycle/secrets.test.ts',
    'test/migrate/from-backend.test.ts',
    'test/store/warnings.test.ts',
    'test/cookies/',
    'test/http/'
  ],
  'lib/http/exchange.ts': [
    ...http('leftover-changes double-send failed-commit other-hooks backend-errors untouched-requests caching-headers streams'),
    ...http('commit-before-head timed-out closed-early'),
    'test/session/required-freshness.test.ts',
    'test/session/signal.test.ts',
    'test/store/warnings.test.ts',
    'test/http/'
  ]
}
