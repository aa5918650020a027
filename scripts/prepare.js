#!/usr/bin/env node
// Before `npm start` and `npm test`: installs what package-lock.json says and builds, each only when it is needed.
// Needs nothing but Node, since it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const lockFile = join(root, 'package-lock.json')
const hasLock = existsSync(lockFile)
const OLDEST_NODE = [20, 19]

assertNode()
if (isInstalled()) say('node_modules is up to date')
else install()
if (isBuilt()) say('dist is up to date')
else run('building', process.execPath, [join(root, 'scripts', 'build.js')])

function assertNode () {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return
  fail(`Node ${OLDEST_NODE.join('.')} or newer is needed, this is ${process.versions.node}`)
}

/** Whether node_modules has what package-lock.json lists, whoever installed it: npm notes there what it did, when it is done. */
function isInstalled () {
  const note = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(note)) return false
  if (!hasLock) return modified(note) >= modified(join(root, 'package.json'))
  const installed = packagesOf(note)
  return Object.entries(packagesOf(lockFile)).every(([path, wanted]) => {
    // The first is this package itself; an optional one may be for another platform.
    if (path === '' || (wanted.optional && !(path in installed))) return true
    const { version, integrity } = installed[path] ?? {}
    return version === wanted.version && integrity === wanted.integrity && existsSync(join(root, path))
  })
}

function packagesOf (file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages
}

function install () {
  // Whatever NODE_ENV says: the compiler and the tests are development dependencies.
  run('installing (once, about a minute)', 'npm', [hasLock ? 'ci' : 'install', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
}

/** Whether dist is newer than all that it is made from. */
function isBuilt () {
  const built = join(root, 'dist', 'index.js')
  if (!existsSync(built)) return false
  const sources = ['lib', 'types', join('scripts', 'build'), join('scripts', 'build.js'), 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map(name => join(root, name))
  return sources.every(source => !existsSync(source) || newest(source) <= modified(built))
}

// A folder counts too: it changes when a file in it is removed.
function newest (path) {
  if (!statSync(path).isDirectory()) return modified(path)
  return Math.max(modified(path), ...readdirSync(path).map(name => newest(join(path, name))))
}

function modified (path) {
  return statSync(path).mtimeMs
}

function run (what, command, args) {
  say(`${what} …`)
  // On Windows npm is a script, which only a shell starts.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' && command === 'npm' })
  if (status !== 0) fail(`${what} failed${error ? `: ${error.message}` : ''}`)
}

function say (text) {
  console.log(`prepare: ${text}`)
}

function fail (text) {
  console.error(`prepare: ${text}`)
  process.exit(1)
}
