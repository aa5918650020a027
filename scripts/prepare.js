#!/usr/bin/env node
// Before `npm start` and `npm test`: installs what package-lock.json says and builds, each only when it is needed.
// Needs nothing but Node, since it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'node_modules', '.fastsessions-installed')
const OLDEST_NODE = [20, 19]

assertNode()
if (isInstalled()) installed()
else install()
if (isBuilt()) console.log('prepare: dist is up to date')
else run('building', process.execPath, [join(root, 'scripts', 'build.js')])

function assertNode () {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return
  console.error(`prepare: Node ${OLDEST_NODE.join('.')} or newer is needed, this is ${process.versions.node}`)
  process.exit(1)
}

function lockHash () {
  return createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).update(process.versions.modules).digest('hex')
}

function isInstalled () {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash()
}

function installed () {
  console.log('prepare: node_modules is up to date')
}

function install () {
  run('installing (once, about a minute)', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
  writeFileSync(stamp, lockHash())
}

/** Whether every file of dist is newer than what it was made from. */
function isBuilt () {
  const output = join(root, 'dist', 'index.js')
  if (!existsSync(output)) return false
  const built = statSync(output).mtimeMs
  return newest(join(root, 'lib')) <= built && newest(join(root, 'types')) <= built && statSync(join(root, 'tsconfig.build.json')).mtimeMs <= built
}

function newest (folder) {
  return Math.max(...readdirSync(folder, { withFileTypes: true }).map(entry => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? newest(path) : statSync(path).mtimeMs
  }))
}

function run (what, command, args) {
  console.log(`prepare: ${what} …`)
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' && command === 'npm' })
  if (status === 0) return
  console.error(`prepare: ${what} failed${error ? `: ${error.message}` : ''}`)
  process.exit(status ?? 1)
}
