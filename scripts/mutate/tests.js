const http = names => names.split(' ').map(name => `test/http/${name}.test.ts`)

/** What nearly all of lib/lifecycle shows in. */
const LIFE_CYCLE = [
  'test/session/',
  'test/lifecycle/tries.test.ts',
  'test/lifecycle/conflicts.test.ts',
  'test/lifecycle/misbehaving-backends.test.ts'
]

/**
 * Which tests should notice a change in a file or folder of lib, beside the module's twin; those that fail most quickly
 * first. For a file, the longest name counts that its path begins with.
 */
export const testsByName = {
  'lib/payload/changes.ts': ['test/payload/changes.test.ts'],
  'lib/record/lifetime.ts': ['test/record/lifetime.test.ts', 'test/session/lifetimes.test.ts'],
  'lib/tools/bounded-map.ts': ['test/tools/bounded-map.test.ts'],
  'lib/crypto/': ['test/crypto/', 'test/record/wire-format.test.ts', 'test/cookies/rotation.test.ts', 'test/payload/encrypt.test.ts'],
  'lib/store/breaker.ts': ['test/store/breaker.test.ts'],
  'lib/store/group-commit.ts': ['test/lifecycle/together.test.ts', 'test/lifecycle/conflicts.test.ts'],
  'lib/store/queue.ts': ['test/store/queue.test.ts', 'test/lifecycle/together.test.ts', 'test/lifecycle/failed-in-the-queue.test.ts'],
  'lib/store/registration.ts': [
    ...LIFE_CYCLE, 'test/http/', 'test/store/breaker.test.ts', 'test/store/timeout.test.ts', 'test/administration/'
  ],
  'lib/lifecycle/commit.ts': [...LIFE_CYCLE, ...http('gone-records empty-sessions unchanged-sessions head-out other-hooks')],
  'lib/lifecycle/draft.ts': [
    ...LIFE_CYCLE, ...http('empty-sessions unchanged-sessions what-counts-as-use'), 'test/payload/schema-version.test.ts'
  ],
  'lib/lifecycle/end.ts': [...LIFE_CYCLE, 'test/administration/'],
  'lib/lifecycle/rotate.ts': [...LIFE_CYCLE, 'test/administration/'],
  'lib/http/': ['test/cookies/', 'test/http/'],
  'lib/http/body.ts': http('responses streams failed-commit caching-headers'),
  'lib/http/caching.ts': http('caching-headers'),
  'lib/http/chunks.ts': ['test/cookies/'],
  'lib/http/cookie-header.ts': ['test/cookies/', ...http('cookie-lines duplicate-cookies rejected-cookies refused-before-the-backend')],
  'lib/http/exchange.ts': http(
    'leftover-changes double-send failed-commit other-hooks backend-errors untouched-requests caching-headers streams commit-before-head'
  ),
  'lib/http/hold.ts': http('double-send head-out streams other-hooks caching-headers'),
  'lib/http/reply-cookies.ts': [
    ...http('clearing-cookie leftover-changes plain-http head-out failed-commit set-cookie other-hooks caching-headers websocket'),
    'test/cookies/splitting.test.ts',
    'test/session/destroy.test.ts',
    'test/session/save-and-reload.test.ts'
  ]
}
