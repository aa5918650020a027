/**
 * Who takes part. Those of one `group` are compared, and measured next to each other. `kind` says what the cookie carries:
 * the session (`cookie`) or only its id (`id`). `server` is the one that the contestant needs. Loading this loads none of
 * them.
 */
export const BASE = 'Fastify + @fastify/cookie'
export const LONG_BASE = `${BASE}, long cookie`

const entries = {
  [BASE]: { kind: 'base', module: 'base' },
  // As long as the session in our cookie: what that takes to parse is not the session plugin's doing.
  [LONG_BASE]: { kind: 'base', sharesWith: BASE },

  'fastsessions, cookie': { group: 'cookie', kind: 'cookie', module: 'ours', variant: 'cookie' },
  'fastsessions revocable, cookie': { group: 'cookie', kind: 'cookie', module: 'ours', variant: 'revocable', server: 'redis' },
  '@fastify/secure-session': { group: 'cookie', kind: 'cookie', module: 'secure-session' },
  '@mgcrea/fastify-session, sodium': { group: 'cookie', kind: 'cookie', module: 'mgcrea', variant: 'cookie' },
  'iron-session': { group: 'cookie', kind: 'cookie', module: 'iron-session' },

  'fastsessions, memory': { group: 'memory', kind: 'id', module: 'ours', variant: 'memory' },
  // What it finds, it finds in memory: that is what it is compared with.
  'fastsessions cached, Redis': { group: 'memory', kind: 'id', module: 'ours', variant: 'cached', server: 'redis' },
  '@fastify/session, memory': { group: 'memory', kind: 'id', module: 'fastify-session', variant: 'memory' },
  '@mgcrea/fastify-session, memory': { group: 'memory', kind: 'id', module: 'mgcrea', variant: 'memory' },
  'express-session on Express, memory': { group: 'memory', kind: 'id', module: 'express-session' },

  'fastsessions, file': { group: 'disk', kind: 'id', module: 'ours', variant: 'file' },
  // Through Kysely alone, as every version has done; and with what `pool` adds.
  'fastsessions, SQLite': { group: 'disk', kind: 'id', module: 'ours', variant: 'sqlite' },
  'fastsessions with pool, SQLite': { group: 'disk', kind: 'id', module: 'ours', variant: 'sqlite-pool' },

  'by hand, Redis': { group: 'Redis', kind: 'id', module: 'by-hand', variant: 'redis', server: 'redis' },
  'fastsessions, Redis': { group: 'Redis', kind: 'id', module: 'ours', variant: 'redis', server: 'redis' },
  '@fastify/session, connect-redis': { group: 'Redis', kind: 'id', module: 'fastify-session', variant: 'redis', server: 'redis' },
  '@mgcrea/fastify-session, Redis': { group: 'Redis', kind: 'id', module: 'mgcrea', variant: 'redis', server: 'redis' },

  'by hand, Memcached': { group: 'Memcached', kind: 'id', module: 'by-hand', variant: 'memcached', server: 'memcached' },
  'fastsessions, Memcached': { group: 'Memcached', kind: 'id', module: 'ours', variant: 'memcached', server: 'memcached' },

  'by hand, PostgreSQL': { group: 'PostgreSQL', kind: 'id', module: 'by-hand', variant: 'postgres', server: 'postgres' },
  'fastsessions, PostgreSQL': { group: 'PostgreSQL', kind: 'id', module: 'ours', variant: 'postgres', server: 'postgres' },
  '@fastify/session, connect-pg-simple': { group: 'PostgreSQL', kind: 'id', module: 'fastify-session', variant: 'postgres', server: 'postgres' }
}

export const contestants = Object.entries(entries).map(([name, entry]) => ({ name, ...entry }))

/** The base lines, and whose name contains one of these words. */
export function select (only) {
  if (only === undefined) return contestants
  const words = only.toLowerCase().split(';').map(word => word.trim())
  return contestants.filter(({ name, kind }) => kind === 'base' || words.some(word => name.toLowerCase().includes(word)))
}

/** What a base line has to do to be compared with this one. */
export const baseOf = ({ kind }) => kind === 'cookie' ? LONG_BASE : BASE

/** Makes the contestant in this process: an HTTP server that does not listen yet, and how it ends. */
export async function create (name, settings) {
  const { module, variant } = entries[name]
  const contestant = await import(`./${module}.js`)
  return await contestant.create(variant, settings)
}
