import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(import.meta.url)
const names = [
  'fastify', '@fastify/cookie', '@fastify/session', '@fastify/secure-session', '@mgcrea/fastify-session', '@mgcrea/fastify-session-sodium-crypto',
  '@mgcrea/fastify-session-redis-store', 'iron-session', 'express', 'express-session', 'connect-redis', 'connect-pg-simple', 'ioredis', 'redis', 'memjs', 'pg',
  'kysely', 'better-sqlite3', 'sodium-native'
]

/** What is installed, as it is imported from here. */
export function versions () {
  const found = names.map(name => [name, versionOf(name)]).filter(([, version]) => version !== undefined)
  return Object.fromEntries([['fastsessions', JSON.parse(readFileSync(new URL('../package.json', import.meta.url))).version], ...found])
}

// Some do not export their package.json.
function versionOf (name) {
  const folder = require.resolve.paths(name).map(path => join(path, name)).find(path => existsSync(join(path, 'package.json')))
  return folder && JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version
}
