// What is tried. The platform's own packages are named, since those that choose one do it in an install script.
const { platform, arch } = process
const NEWEST = '26'
const LATEST = '5'
const WITHOUT_DRIVER = ['memory', 'cookie']

function node (major) {
  const home = `node-${platform}-${arch}`
  return { name: 'Node', home, command: 'bin/node', args: [], packages: [`${home}@${major}`] }
}

function bun () {
  const home = `@oven/bun-${platform}-${arch === 'arm64' ? 'aarch64' : arch}`
  return { name: 'Bun', home, command: 'bin/bun', args: [], packages: [home] }
}

function deno () {
  const home = `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`
  return { name: 'Deno', home, command: 'deno', args: ['run', '--allow-all', '--node-modules-dir=manual'], packages: [home] }
}

function cell (name, { runtime = node(NEWEST), fastify = LATEST, drivers = [], stores = WITHOUT_DRIVER }) {
  return { name, runtime, fastify, drivers, stores }
}

export const cells = [
  ...['20', '22', '24', NEWEST].map(major => cell(`node-${major}`, { runtime: node(major) })),
  cell('fastify-5.0.0', { fastify: '5.0.0' }),
  cell('fastify-6', { fastify: '6.0.0-alpha.4' }),
  ...['ioredis@5.0.0', 'ioredis@5', 'ioredis@6', 'iovalkey@0'].map(driver => cell(driver, { drivers: [driver], stores: ['redis'] })),
  ...['kysely@0.28.0', 'kysely@0.28', 'kysely@0.29'].map(driver => cell(driver, { drivers: [driver, 'pg@8'], stores: ['sql'] })),
  cell('node:sqlite', { drivers: ['kysely@0.29'], stores: ['node:sqlite'] }),
  ...[bun(), deno()].map(runtime => cell(runtime.name.toLowerCase(), {
    runtime, drivers: ['ioredis@6', 'kysely@0.29', 'pg@8'], stores: [...WITHOUT_DRIVER, 'file', 'redis', 'sql']
  }))
]
