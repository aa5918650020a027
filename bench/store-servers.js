import { startServer, urlFromEnvironment } from '../scripts/servers/index.js'

const flags = {
  // Nothing is written to disk: the disk is not what is compared.
  redis: ['--appendonly', 'no'],
  memcached: ['-m', '1024'],
  postgres: ['-c', 'shared_buffers=512MB']
}

export const start = name => startServer(name, ...flags[name])

/** The servers that these contestants need, as `{ redis: url }`: running ones where the environment names them. */
export async function startStores (contestants) {
  const names = [...new Set(contestants.flatMap(({ server }) => server ?? []))]
  const own = []
  const urls = {}
  for (const name of names) {
    urls[name] = urlFromEnvironment(name)
    if (urls[name] !== undefined) continue
    const server = await start(name)
    own.push(server)
    urls[name] = server.url
  }
  return { urls, stop: () => Promise.all(own.map(server => server.stop())) }
}
