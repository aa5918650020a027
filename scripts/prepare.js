#!/usr/bin/env node
// Before `npm start` and `npm test`: installs what package-lock.json says and builds, each only when it is needed. The demo
// (`prepare.js demo`) needs few packages, and installs no others. Needs nothing but Node: it runs before anything is installed.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { areInstalled, namesForDemo, packagesOf, partOf } from './prepare/packages.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const modules = join(root, 'node_modules')
const lockFile = join(root, 'package-lock.json')
const hasLock = existsSync(lockFile)
const OLDEST_NODE = [20, 19]
// Whatever NODE_ENV says: the compiler and the tests are development dependencies.
const NPM_FLAGS = ['--include=dev', '--no-audit', '--no-fund', '--loglevel=error']

assertNode()
// Where somebody works on the library, node_modules stays whole.
const isDemo = process.argv[2] === 'demo' && hasLock && !existsSync(join(modules, 'tap'))
if (isDemo) await installForDemo(partOf(packagesOf(lockFile), namesForDemo(root, process.env.BACKEND ?? '')))
else await installAll()
if (isBuilt()) say('dist is up to date')
else await run('building', process.execPath, [join(root, 'scripts', 'build.js'), ...(isDemo ? ['--quick'] : [])])

function assertNode () {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return
  fail(`Node ${OLDEST_NODE.join('.')} or newer is needed, this is ${process.versions.node}`)
}

async function installAll () {
  if (hasLock ? areInstalled(root, packagesOf(lockFile)) : isNewerThanPackage()) return say('node_modules is up to date')
  await run('installing everything (once, a few minutes)', 'npm', [hasLock ? 'ci' : 'install', ...NPM_FLAGS])
}

function isNewerThanPackage () {
  const note = join(modules, '.package-lock.json')
  return existsSync(note) && modified(note) >= modified(join(root, 'package.json'))
}

/** npm installs all of a package or nothing. So this is a package of its own, whose node_modules takes its place here when it is whole. */
async function installForDemo (packages) {
  if (areInstalled(root, packages)) return say('node_modules has what the demo needs')
  const folder = join(root, '.prepare')
  const top = Object.entries(packages).filter(([path]) => path.lastIndexOf('node_modules/') === 0)
  const versionsOf = entries => Object.fromEntries(entries.map(([path, { version }]) => [path.slice('node_modules/'.length), version]))
  // Packages for other platforms are optional.
  const dependencies = versionsOf(top.filter(([, { optional }]) => !optional))
  const optionalDependencies = versionsOf(top.filter(([, { optional }]) => optional))
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const about = { name: 'fastsessions-demo', version: '0.0.0', private: true, dependencies, optionalDependencies }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(about))
  const lock = { name: about.name, version: about.version, lockfileVersion: 3, requires: true, packages: { '': about, ...packages } }
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
  await run(`installing ${Object.keys(packages).length} packages for the demo (once)`, 'npm', ['ci', ...NPM_FLAGS], folder)
  rmSync(modules, { recursive: true, force: true })
  renameSync(join(folder, 'node_modules'), modules)
  rmSync(folder, { recursive: true, force: true })
}

/** Whether dist is newer than all that it is made from. A quick build has no types, which tests and packages need. */
function isBuilt () {
  const built = join(root, 'dist', 'index.js')
  if (!existsSync(built) || (!isDemo && !existsSync(join(root, 'dist', 'index.d.ts')))) return false
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

/** Says every few seconds that it is still at work. */
async function run (what, command, args, cwd = root) {
  say(`${what} …`)
  const started = Date.now()
  const progress = setInterval(() => { say(`… ${Math.round((Date.now() - started) / 1_000)} s`) }, 5_000)
  // On Windows npm is a script, which only a shell starts.
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32' && command === 'npm' })
  const problem = await new Promise(resolve => {
    child.once('error', error => { resolve(`: ${error.message}`) })
    child.once('exit', status => { resolve(status === 0 ? undefined : '') })
  })
  clearInterval(progress)
  if (problem !== undefined) fail(`${what} failed${problem}`)
}

function say (text) {
  console.log(`prepare: ${text}`)
}

function fail (text) {
  console.error(`prepare: ${text}`)
  process.exit(1)
}
