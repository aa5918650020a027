// The clients of the servers, set up alike for everybody: as they come, but for what is said here.

export async function ioredis (url) {
  const { Redis } = await import('ioredis')
  const client = new Redis(url)
  return { client, close: () => client.quit() }
}

/** What connect-redis wants. */
export async function nodeRedis (url) {
  const { createClient } = await import('redis')
  const client = createClient({ url })
  await client.connect()
  return { client, close: () => client.close() }
}

export async function pgPool (url) {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  pool.on('error', () => {})
  pool.on('connect', client => { client.on('error', () => {}) })
  return { client: pool, close: () => pool.end() }
}

export async function memjs (url) {
  const { default: { Client } } = await import('memjs')
  const client = Client.create(new URL(url).host, { logger: { log () {} }, timeout: 5 })
  return { client, close: () => client.close() }
}
