// Real servers for tests, benchmarks and the demo: running ones where the environment names them, else throw-away ones.
import { join } from 'node:path'
import { find, needs, provide } from './binaries.js'
import { freePort, newFolder, run, startThrowAway } from './throw-away.js'

export { needs, provide }
export const serverNames = Object.keys(needs)

const recipes = { redis, memcached, postgres, mysql }

/** The URL of a running server that the environment names, or `undefined`. */
export function urlFromEnvironment (name) {
  return process.env[needs[name].variable] || undefined
}

/** Starts a throw-away server. More arguments go to its command line. */
export async function startServer (name, ...args) {
  provide([name], text => console.error(`servers: ${text}`))
  return await startThrowAway(() => recipes[name](args))
}

async function redis (args) {
  const [port, folder] = [await freePort(), newFolder()]
  return {
    name: 'Redis',
    url: `redis://127.0.0.1:${port}`,
    port,
    folder,
    command: find('redis-server', 'valkey-server'),
    // Written to disk at the end of each second, so that a restart finds what was there.
    args: ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes', ...args].map(String),
    ready: /Ready to accept connections/
  }
}

async function memcached (args) {
  const [port, folder] = [await freePort(), newFolder()]
  return {
    name: 'Memcached',
    url: `memcached://127.0.0.1:${port}`,
    port,
    folder,
    command: find('memcached'),
    args: ['-l', '127.0.0.1', '-p', port, '-U', 0, ...args].map(String)
  }
}

async function postgres (args) {
  const [port, folder] = [await freePort(), newFolder()]
  const data = join(folder, 'data')
  // A collation that is not that of bytes, as most servers have.
  await run(find('initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'], folder)
  return {
    name: 'PostgreSQL',
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    folder,
    command: find('postgres'),
    args: ['-D', data, '-p', port, '-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${folder}`, '-c', 'fsync=off', '-c', 'max_connections=300', ...args].map(String),
    ready: /database system is ready to accept connections/
  }
}

async function mysql (args) {
  const [port, folder] = [await freePort(), newFolder()]
  const data = join(folder, 'data')
  const command = find('mariadbd', 'mysqld')
  if (command.endsWith('mariadbd')) await run(find('mariadb-install-db'), ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'], folder)
  else await run(command, ['--no-defaults', '--initialize-insecure', `--datadir=${data}`], folder)
  return {
    name: 'MySQL or MariaDB',
    url: `mysql://root@127.0.0.1:${port}/mysql`,
    port,
    folder,
    command,
    args: [
      '--no-defaults', `--datadir=${data}`, `--port=${port}`, '--bind-address=127.0.0.1', `--socket=${join(folder, 'socket')}`, `--pid-file=${join(folder, 'pid')}`,
      '--innodb-flush-log-at-trx-commit=0', '--max-connections=300', ...args
    ],
    ready: /ready for connections/
  }
}

/** Three masters that share all slots, each with so many replicas. */
export async function startRedisCluster (replicas = 0) {
  const args = ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-node-timeout', 1_000]
  const servers = await Promise.all(Array.from({ length: 3 * (1 + replicas) }, () => startServer('redis', ...args)))
  const nodes = servers.map(({ port }) => `127.0.0.1:${port}`)
  const cli = find('redis-cli', 'valkey-cli')
  await run(cli, ['--cluster', 'create', ...nodes, '--cluster-replicas', String(replicas), '--cluster-yes'], '/')
  for (const node of nodes) await untilOk(cli, node)
  return servers
}

async function untilOk (cli, node) {
  const port = node.split(':')[1]
  await run('/bin/sh', ['-c', `for i in $(seq 200); do ${cli} -p ${port} cluster info | grep -q cluster_state:ok && exit; sleep 0.05; done; exit 1`], '/')
}

/** A master, a replica and a Sentinel that watches them under the name `sessions`. */
export async function startSentinel () {
  const master = await startServer('redis')
  const replica = await startServer('redis', '--replicaof', `127.0.0.1 ${master.port}`)
  const sentinel = await startThrowAway(async () => {
    const [port, folder] = [await freePort(), newFolder()]
    const watch = [
      `port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, `sentinel monitor sessions 127.0.0.1 ${master.port} 1`,
      'sentinel down-after-milliseconds sessions 500', 'sentinel failover-timeout sessions 2000'
    ]
    const command = ['-c', `printf '%s\\n' "$@" > sentinel.conf && exec ${find('redis-server', 'valkey-server')} sentinel.conf --sentinel`, 'sh', ...watch]
    return { name: 'Redis Sentinel', url: `redis://127.0.0.1:${port}`, port, folder, command: '/bin/sh', args: command, ready: /\+monitor master/ }
  })
  return { master, replica, sentinel, name: 'sessions' }
}
