#!/usr/bin/env node
// What `npm run matrix` runs: a small program on every runtime, every Fastify and every driver. Expects dist to be built.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { argumentsOf } from './arguments.js'
import { cells } from './matrix/cells.js'
import { packInto, sh } from './pack.js'
import { startServer, urlFromEnvironment } from './servers/index.js'

const HELP = `npm run matrix -- [options]

  Uses sessions over HTTP on each runtime, each version of Fastify and each driver, all from npm, each in a folder of its
  own with the packed tarball. Takes minutes. Prints a table for docs/integrations.md; the exit status is 1 when a cell fails.

  --only <text>  cells whose name has this text; may be given several times
  --help         this

Cells: ${cells.map(({ name }) => name).join(', ')}`

const CELL_TIMEOUT_MS = 120_000
const { values: { only } } = argumentsOf(HELP, { options: { only: { type: 'string', multiple: true } } })
const wanted = cells.filter(({ name }) => only === undefined || only.some(text => name.includes(text)))
const folder = mkdtempSync(join(tmpdir(), 'fastsessions-matrix-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
const tarball = packInto(folder)
const urls = { redis: await urlOf('redis'), sql: await urlOf('postgres') }

console.log('| runtime | Fastify | driver | sessions in | result |\n|---|---|---|---|---|')
let failed = 0
for (const cell of wanted) {
  const { versions, problem } = await tryCell(cell)
  if (problem !== null) failed++
  const { runtime, fastify = '', drivers = '' } = versions
  console.log(`| ${runtime ?? cell.runtime.name} | ${fastify} | ${drivers} | ${cell.stores.join(', ')} | ${problem === null ? 'ok' : 'failed'} |`)
  if (problem !== null) console.error(`\n== ${cell.name}\n${problem}\n`)
}
process.exit(failed === 0 ? 0 : 1)

async function urlOf (server) {
  return urlFromEnvironment(server) ?? (await startServer(server)).url
}

/** Installs what a cell names and runs the program there. */
async function tryCell ({ name, runtime, fastify, drivers, stores }) {
  const home = join(folder, name.replaceAll(/[^\w.]/g, '-'))
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), '{ "private": true, "type": "module" }')
  cpSync(fileURLToPath(new URL('matrix/program.js', import.meta.url)), join(home, 'program.js'))
  try {
    // Whatever the peers say: a cell shows what happens.
    const quiet = ['--legacy-peer-deps', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
    sh('npm', ['install', ...quiet, tarball, `fastify@${fastify}`, ...drivers, ...runtime.packages], home)
  } catch (error) {
    return { versions: {}, problem: error.message }
  }
  const versionOf = path => JSON.parse(readFileSync(join(home, 'node_modules', path, 'package.json'), 'utf8')).version
  const versions = {
    runtime: `${runtime.name} ${versionOf(runtime.home)}`,
    fastify: versionOf('fastify'),
    drivers: drivers.map(driver => driver.replace(/@.*/, '')).map(driver => `${driver} ${versionOf(driver)}`).join(', ')
  }
  const own = `cell_${cells.findIndex(cell => cell.name === name)}_${process.pid}`
  const env = { ...process.env, REDIS: drivers[0]?.replace(/@.*/, ''), REDIS_URL: urls.redis, SQL_URL: urls.sql, OWN: own }
  const program = join(home, 'node_modules', runtime.home, runtime.command)
  try {
    await promisify(execFile)(program, [...runtime.args, 'program.js', ...stores], { cwd: home, env, timeout: CELL_TIMEOUT_MS })
    return { versions, problem: null }
  } catch ({ message, stdout }) {
    return { versions, problem: `${message}\n${stdout}` }
  }
}
