// Bytes per session for a payload of 200 bytes: node bench/stores/bytes.js
import { startServer } from '../../scripts/servers/index.js'
import { data, forAll, postgresOurs, postgresPeer, redisOurs, redisPeer } from './stores.js'

const COUNT = 100_000

console.log(`${COUNT} sessions with a payload of ${data.length} bytes`)
for (const [name, open] of [['fastsessions', redisOurs], ['connect-redis', redisPeer]]) {
  const server = await startServer('redis', '--appendonly', 'no')
  const store = await open(server.url)
  const { Redis } = await import('ioredis')
  const admin = new Redis(server.url)
  const used = async () => Number(/used_memory:(\d+)/.exec(await admin.info('memory'))[1])
  const before = await used()
  await forAll(COUNT, 200, store.create)
  const bytes = (await used() - before) / COUNT
  const [key] = await admin.scan(0).then(([, keys]) => keys)
  console.log(`Redis, ${name}: ${bytes.toFixed(0)} bytes a session in memory (${await admin.memory('USAGE', key)} by MEMORY USAGE)`)
  await Promise.all([store.close(), admin.quit()])
  await server.stop()
}
for (const [name, open, table] of [['fastsessions', postgresOurs, 'sessions'], ['connect-pg-simple', postgresPeer, 'peer']]) {
  const server = await startServer('postgres')
  const store = await open(server.url)
  await forAll(COUNT, 20, store.create)
  await store.pool.query(`vacuum analyze "${table}"`)
  const { rows: [size] } = await store.pool.query('select pg_table_size($1) as rows, pg_indexes_size($1) as indexes', [table])
  console.log(`PostgreSQL, ${name}: ${((Number(size.rows) + Number(size.indexes)) / COUNT).toFixed(0)} bytes a session (rows ${(size.rows / COUNT).toFixed(0)}, indexes ${(size.indexes / COUNT).toFixed(0)})`)
  await store.close()
  await server.stop()
}
