#!/usr/bin/env node
// Packs the package, installs the tarball in an empty folder and uses it there as applications do (scripts/smoke): from
// ESM, from CommonJS and from TypeScript, without the optional peers and with them. Expects dist to be built.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const { exports: entries, peerDependencies, peerDependenciesMeta, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')

/** What importing `fastsessions` must not load: the optional peers, and drivers behind them. */
const DRIVERS = [...Object.keys(peerDependenciesMeta), 'pg', 'better-sqlite3', 'mysql2', 'mysql']
const IN_EVERY_PACKAGE = ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'package.json', 'types/index.d.ts', 'docs/architecture.md']
const MAY_BE_THERE = /^dist\/.+\.(?:js|d\.ts)$|^docs\/.+\.(?:md|svg|png)$/

const folder = mkdtempSync(join(tmpdir(), 'fastsessions-smoke-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

const tarball = pack()
cpSync(join(root, 'scripts', 'smoke'), folder, { recursive: true })
writeFileSync(join(folder, 'package.json'), '{ "private": true }')
install(join(folder, tarball), `fastify@${peerDependencies.fastify}`, `@types/node@${devDependencies['@types/node']}`)
use('without the optional peers')
compile('infers the payload')
useWithPoison()
installPeers()
use(`with ${Object.keys(peerDependenciesMeta).join(', ')}`, '--with-peers')
writeFileSync(join(folder, 'entries.mts'), entryPoints().map(entry => `export * from 'fastsessions${entry.slice(1)}'\n`).join(''))
compile('reads the types of every entry point')

function pack () {
  const [{ filename, files }] = JSON.parse(sh('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root))
  const paths = files.map(({ path }) => path)
  const wanted = [...IN_EVERY_PACKAGE, ...entryPoints().flatMap(entry => [entries[entry].slice(2), entries[entry].slice(2).replace(/\.js$/, '.d.ts')])]
  assert.deepEqual(wanted.filter(path => !paths.includes(path)), [], 'these are missing in the package')
  assert.deepEqual(paths.filter(path => !IN_EVERY_PACKAGE.includes(path) && !MAY_BE_THERE.test(path)), [], 'these do not belong in the package')
  say(`the package has ${paths.length} files, and none it should not have`)
  return filename
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

function use (how, ...args) {
  for (const file of ['use.mjs', 'use.cjs']) sh(process.execPath, [file, ...args])
  say(`works from ESM and from CommonJS ${how}`)
}

function compile (what) {
  sh(process.execPath, [tsc, '-p', folder])
  say(`TypeScript ${what}, with skipLibCheck off`)
}

function sh (command, args, cwd = folder) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  if (status === 0) return stdout
  console.error(`smoke: ${command} ${args.join(' ')} failed\n${error?.message ?? ''}${stdout}\n${stderr}`)
  process.exit(1)
}

function say (text) {
  console.log(`smoke: ${text}`)
}
