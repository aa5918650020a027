import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'
import session from 'express-session'
import { Redis } from 'ioredis'
import { Kysely, SqliteDialect } from 'kysely'
import { Client } from 'memjs'
import t from 'tap'
import { DatabaseBackend } from '../../lib/database.ts'
import { fromExpressStore } from '../../lib/express-store.ts'
import { FileBackend } from '../../lib/file.ts'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { MemcachedBackend } from '../../lib/memcached.ts'
import { RedisBackend } from '../../lib/redis.ts'
import { type Capability, capabilitiesOf } from '../../lib/testing/index.ts'
import type { SessionBackend } from '../../types/index.d.ts'

/** The names of the table's columns, and the backends themselves, which connect to nothing here. */
const backends: Readonly<Record<string, SessionBackend>> = {
  Cookie: new CookieBackend(),
  Memory: new MemoryBackend(),
  File: new FileBackend({ directory: '/nowhere' }),
  Redis: new RedisBackend(new Redis({ lazyConnect: true })),
  Memcached: new MemcachedBackend(Client.create('127.0.0.1:1')),
  SQL: new DatabaseBackend(new Kysely<any>({ dialect: new SqliteDialect({ database: new Database(':memory:') }) })),
  'express-session stores': fromExpressStore(new session.MemoryStore())
}

type Declared = Record<Capability, boolean | number>

/** The rows of the table: what users call a capability, and how a backend declares the capability. */
const rows: ReadonlyArray<[what: string, has: (declared: Declared) => boolean]> = [
  ['no lost update, no resurrection', ({ atomic }) => atomic === true],
  ['`transaction()`, `onConflict: \'error\'`', ({ atomic }) => atomic === true],
  ['logging out ends every copy', ({ selfContained }) => selfContained === false],
  ['`get`, `exists`, `revoke`', ({ selfContained }) => selfContained === false],
  ['`list`', ({ list }) => list === true],
  ['`count`', ({ count }) => count === true],
  ['`revokeSubject`', ({ removeSubject }) => removeSubject === true],
  ['`revokeLabel`, `list` and `count` by label', ({ removeLabel, labels }) => removeLabel === true && labels === true],
  ['`revokeAll`', ({ removeAll }) => removeAll === true],
  ['`removeExpired`', ({ removeExpired }) => removeExpired === true]
]

t.test('the table of what backends can do is what they declare', async t => {
  const declared = Object.values(backends).map(backend => capabilitiesOf(backend) as unknown as Declared)
  const table = [
    `| | ${Object.keys(backends).join(' | ')} |`,
    `|---|${'---|'.repeat(Object.keys(backends).length)}`,
    ...rows.map(([what, has]) => `| ${what} | ${declared.map(one => has(one) ? 'yes' : 'no').join(' | ')} |`)
  ].join('\n')
  const document = readFileSync(new URL('../../docs/backends.md', import.meta.url), 'utf8')
  const shown = /<!-- capabilities:[^>]*-->\n([^]*?)\n<!-- end of capabilities -->/.exec(document)?.[1]
  t.equal(shown, table)
})
