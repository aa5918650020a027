#!/usr/bin/env node
// Packs the package, installs the tarball in an empty folder and uses it there as applications do (scripts/smoke): from
// ESM, from CommonJS, from Jest and from TypeScript, without the optional peers and with them. Expects dist to be built.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packedInto, sh as runToEnd } from './pack.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const { exports: entries, peerDependencies, peerDependenciesMeta, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')

/** How TypeScript compiles CommonJS. TypeScript 6 wants to be told that one knows how old the first two are. */
const NODE10 = ['--module', 'commonjs', '--moduleResolution', 'node10', '--ignoreDeprecations', '6.0']
const COMMONJS_BY = {
  'module commonjs': [...NODE10, '--esModuleInterop', 'false'],
  'module commonjs with esModuleInterop': [...NODE10, '--esModuleInterop'],
  'module node16': ['--module', 'node16'],
  'module nodenext': ['--module', 'nodenext']
}
const JEST = 'jest@^30.0.0'
/** Package managers that read a package in ways of their own; npm is there. */
const MANAGERS = { pnpm: ['pnpm@10', 'add'], yarn: ['yarn@1', 'add', '--ignore-engines'] }

/** What importing `fastsessions` must not load: the optional peers, and drivers behind them. */
const DRIVERS = [...Object.keys(peerDependenciesMeta), 'pg', 'better-sqlite3', 'mysql2', 'mysql']
const IN_EVERY_PACKAGE = ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'package.json', 'docs/architecture.md']
const MAY_BE_THERE = /^dist\/.+\.(?:c?js|d\.c?ts)$|^docs\/.+\.(?:md|svg|png)$/

const folder = mkdtempSync(join(tmpdir(), 'fastsessions-smoke-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

const tarball = pack()
cpSync(join(root, 'scripts', 'smoke'), folder, { recursive: true })
writeFileSync(join(folder, 'package.json'), '{ "private": true }')
installStrictly()
install(tarball, `fastify@${peerDependencies.fastify}`, `@types/node@${devDependencies['@types/node']}`)
use('without the optional peers')
useProgram()
compile('infers the payload')
compileCommonjs()
useWithPoison()
installPeers()
assert.match(sh('npx', ['--no-install', 'fastsessions', 'table', '--dialect', 'sqlite']), /^create table "sessions"/)
use(`with ${Object.keys(peerDependenciesMeta).join(', ')}`, '--with-peers')
sh(process.execPath, ['at-once.mjs'])
writeFileSync(join(folder, 'entries.mts'), entryPoints().map((entry, index) => `export * as entry${index} from 'fastsessions${entry.slice(1)}'\n`).join(''))
compile('reads the types of every entry point')
runJest()
for (const manager of Object.keys(MANAGERS)) installWith(manager)

function pack () {
  const { tarball, paths } = orEnd(() => packedInto(folder))
  const wanted = [...IN_EVERY_PACKAGE, 'dist/cli.cjs', ...entryPoints().flatMap(entry => Object.values(entries[entry]).flatMap(condition => Object.values(condition)).map(path => path.slice(2)))]
  assert.deepEqual(wanted.filter(path => !paths.includes(path)), [], 'these are missing in the package')
  assert.deepEqual(paths.filter(path => !IN_EVERY_PACKAGE.includes(path) && !MAY_BE_THERE.test(path)), [], 'these do not belong in the package')
  say(`the package has ${paths.length} files, and none it should not have`)
  return tarball
}

function entryPoints () {
  return Object.keys(entries).filter(entry => entry !== './package.json')
}

/** With packages in place that fail when they are loaded. */
function useWithPoison () {
  for (const name of DRIVERS) {
    const home = join(folder, 'node_modules', name)
    mkdirSync(home, { recursive: true })
    writeFileSync(join(home, 'package.json'), JSON.stringify({ name, version: '0.0.0', main: 'index.js' }))
    writeFileSync(join(home, 'index.js'), `throw new Error('${name} was loaded')`)
  }
  const { status, stderr } = spawnSync(process.execPath, ['-e', `import('${DRIVERS[0]}')`], { cwd: folder, encoding: 'utf8' })
  assert.ok(status !== 0 && stderr.includes('was loaded'), 'the poison does not work')
  use('without loading a driver')
}

function installPeers () {
  for (const name of DRIVERS) rmSync(join(folder, 'node_modules', name), { recursive: true, force: true })
  install(...Object.keys(peerDependenciesMeta).map(name => `${name}@${peerDependencies[name]}`))
}

function install (...packages) {
  sh('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...packages])
}

/** Without Fastify, of which a dependency claims a newer Node than Fastify does. */
function installStrictly () {
  const home = join(folder, 'strict')
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), '{ "private": true }')
  sh('npm', ['install', '--engine-strict', '--legacy-peer-deps', '--no-audit', '--no-fund', '--loglevel=error', tarball], home)
  say('installs with engine-strict')
}

/** In a folder of its own. A package manager that cannot be had is passed over. */
function installWith (manager) {
  const home = join(folder, manager)
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), '{ "private": true }')
  for (const file of ['use.mjs', 'use.cjs', 'check.cjs', 'exports.json']) cpSync(join(folder, file), join(home, file))
  const [version, ...add] = MANAGERS[manager]
  if (spawnSync('npx', ['--yes', version, '--version'], { cwd: home }).status !== 0) return say(`${manager} cannot be had here`)
  sh('npx', ['--yes', version, ...add, tarball, `fastify@${peerDependencies.fastify}`], home)
  for (const file of ['use.mjs', 'use.cjs']) sh(process.execPath, [file], home)
  say(`installs with ${manager}, and works`)
}

/** The modes of Jest: with modules of its own, which cannot load ES modules, and with those of Node. */
function runJest () {
  install(JEST)
  const jest = join(folder, 'node_modules', 'jest', 'bin', 'jest.js')
  sh(process.execPath, [jest, '--ci', '--config', '{"testMatch":["**/jest.test.cjs"],"transform":{}}'])
  sh(process.execPath, ['--experimental-vm-modules', jest, '--ci', '--config', '{"testMatch":["**/jest.test.mjs"],"transform":{},"moduleFileExtensions":["mjs","js","json"]}'])
  say('works in Jest, in CommonJS and in ES modules')
}

function use (how, ...args) {
  for (const file of ['use.mjs', 'use.cjs']) sh(process.execPath, [file, ...args])
  say(`works from ESM and from CommonJS ${how}`)
}

/** As it is called by users: the package manager has made it a command. */
function useProgram () {
  assert.match(sh('npx', ['--no-install', 'fastsessions', 'secret']), /^[\w-]{43}\n$/)
  assert.match(sh('npx', ['--no-install', 'fastsessions', '--version']), /^\d+\.\d+\.\d+/)
  const { status, stderr } = spawnSync('npx', ['--no-install', 'fastsessions', 'table', '--dialect', 'sqlite'], { cwd: folder, encoding: 'utf8' })
  assert.deepEqual([status, stderr], [1, 'fastsessions: table needs kysely, which DatabaseBackend needs too: npm install kysely\n'])
  say('npx fastsessions works, and says what is missing')
}

function compile (what) {
  sh(process.execPath, [tsc, '-p', folder])
  say(`TypeScript ${what}, with skipLibCheck off`)
}

function compileCommonjs () {
  for (const [how, options] of Object.entries(COMMONJS_BY)) {
    const strict = ['--target', 'es2022', '--types', 'node', '--strict', '--skipLibCheck', '--outDir', 'out']
    sh(process.execPath, [tsc, '--ignoreConfig', ...options, ...strict, 'use-typed.cts'])
    sh(process.execPath, [join('out', 'use-typed.cjs')])
    say(`TypeScript with ${how} compiles and runs`)
  }
}

function sh (command, args, cwd = folder) { return orEnd(() => runToEnd(command, args, cwd)) }

/** The first failure ends the whole, and is said without a stack. */
function orEnd (work) {
  try {
    return work()
  } catch ({ message }) {
    console.error(`smoke: ${message}`)
    process.exit(1)
  }
}

function say (text) {
  console.log(`smoke: ${text}`)
}
