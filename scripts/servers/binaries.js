// Where the servers' programs are, and how they come to be there.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What each server needs: its programs (any of a group will do), the Debian package, and the variable that replaces it. */
export const needs = {
  redis: { programs: [['redis-server', 'valkey-server'], ['redis-cli', 'valkey-cli']], package: 'redis-server', variable: 'REDIS_URL' },
  memcached: { programs: [['memcached']], package: 'memcached', variable: 'MEMCACHED_URL' },
  postgres: { programs: [['postgres'], ['initdb']], package: 'postgresql', variable: 'POSTGRES_URL' },
  mysql: { programs: [['mariadbd', 'mysqld']], package: 'mariadb-server', variable: 'MYSQL_URL' }
}

// Debian keeps PostgreSQL's programs apart, by version, and mariadbd where only root looks.
const folders = () => [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin', ...postgresFolders()]

function postgresFolders () {
  const home = '/usr/lib/postgresql'
  if (!existsSync(home)) return []
  return readdirSync(home).sort((a, b) => Number(b) - Number(a)).map(version => join(home, version, 'bin'))
}

/** The path of the first of these programs that is there, or `undefined`. */
export function find (...names) {
  return names.flatMap(name => folders().map(folder => join(folder, name))).find(isProgram)
}

function isProgram (path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What can be done here: look for a program, and install packages. */
export const thisMachine = {
  find,
  install: process.getuid?.() === 0 && existsSync('/etc/debian_version') ? install : null
}

/**
 * Makes sure that these servers can be started here.
 *
 * @throws Error one message that says what to install, or which variable to set
 */
export function provide (servers, say, machine = thisMachine) {
  const isMissing = server => needs[server].programs.some(names => machine.find(...names) === undefined)
  const missing = servers.filter(isMissing)
  if (missing.length === 0) return
  machine.install?.(missing.map(server => needs[server].package), say)
  const still = missing.filter(isMissing)
  if (still.length === 0) return
  throw new Error(`These servers are not installed here: ${still.join(', ')}. Install them (Debian: apt-get install ${still.map(server => needs[server].package).join(' ')}), ` +
    `or name running ones with ${still.map(server => needs[server].variable).join(', ')}; compose.yml starts them with Docker.`)
}

function install (packages, say) {
  say(`installing ${packages.join(', ')} …`)
  // The packages would start services of their own; nothing here may be left running.
  const policy = '/usr/sbin/policy-rc.d'
  const isOurs = !existsSync(policy)
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }
    spawnSync('apt-get', ['update', '-q'], options)
    const { status, stderr } = spawnSync('apt-get', ['install', '-qy', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...packages], options)
    if (status !== 0) say(`apt-get failed:\n${stderr}`)
  } finally {
    if (isOurs) rmSync(policy)
  }
}
