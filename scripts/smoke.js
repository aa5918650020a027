#!/usr/bin/env node
// Packs the package, installs the tarball in an empty folder and uses it there: from ESM, from CommonJS and from
// TypeScript, without the optional peers and with them.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { peerDependencies, peerDependenciesMeta, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'fastsessions-smoke-'))

const DRIVERS = ['ioredis', 'memjs', 'kysely', 'pg', 'better-sqlite3', 'mysql2']

const ESM = `
import Fastify from 'fastify'
import sessions, { CookieBackend, MemoryBackend, optionsSchema, InvalidOptionsError } from 'fastsessions'
import { FaultyBackend, testBackend } from 'fastsessions/testing'
`
const CJS = `
const Fastify = require('fastify')
const sessions = require('fastsessions')
const { CookieBackend, MemoryBackend, optionsSchema, InvalidOptionsError } = sessions
const { FaultyBackend, testBackend } = require('fastsessions/testing')
`
const BODY = `
async function main () {
  for (const given of [optionsSchema, InvalidOptionsError, FaultyBackend, testBackend]) if (!given) throw new Error('an export is missing')
  for (const backend of [new CookieBackend(), new MemoryBackend()]) {
    const app = Fastify()
    await app.register(sessions, { secret: 'a secret of thirty-two bytes or more', backend })
    app.get('/', async request => ({ visits: request.session.visits = (request.session.visits ?? 0) + 1 }))
    const first = await app.inject('/')
    const cookie = first.headers['set-cookie'].split(';')[0]
    const second = await app.inject({ url: '/', headers: { cookie } })
    if (second.json().visits !== 2) throw new Error('the session was lost')
    await app.close()
  }
}
main().catch(error => { console.error(error); process.exitCode = 1 })
`
const TS = `
import Fastify from 'fastify'
import sessions, { MemoryBackend, type SessionBackend, type Session } from 'fastsessions'
import { testBackend } from 'fastsessions/testing'

declare module 'fastsessions' {
  interface SessionData { user: { id: string } }
}

const app = Fastify()
const backend: SessionBackend = new MemoryBackend()
await app.register(sessions, { backend })
app.get('/', async request => {
  const id: string | undefined = request.session.user?.id
  // @ts-expect-error the payload has no such key
  void request.session.nobody
  // @ts-expect-error nor such a value
  request.session.set('user', 1)
  const session: Session = request.session
  await session.login('id')
  return id
})
void testBackend
void app.sessions.count()
`
const TSCONFIG = { compilerOptions: { module: 'nodenext', target: 'es2022', strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, types: ['node'] }, files: ['consumer.ts'] }

try {
  const [packed] = JSON.parse(sh('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root))
  checkFiles(packed.files.map(({ path }) => path))
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "commonjs" }')
  writeFileSync(join(folder, 'consumer.mjs'), ESM + BODY)
  writeFileSync(join(folder, 'consumer.cjs'), CJS + BODY)
  writeFileSync(join(folder, 'consumer.mts'), TS)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...TSCONFIG, files: ['consumer.mts'] }))
  install(join(folder, packed.filename), `fastify@${peerDependencies.fastify}`)
  use('without the optional peers')
  for (const name of DRIVERS) poison(name)
  use('loading no driver')
  install(`@types/node@${devDependencies['@types/node']}`)
  sh(process.execPath, [join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc'), '-p', folder])
  console.log('smoke: TypeScript infers the payload, skipLibCheck off')
  for (const name of DRIVERS) rmSync(join(folder, 'node_modules', name), { recursive: true })
  const optional = Object.keys(peerDependenciesMeta)
  install(...optional.map(name => `${name}@${peerDependencies[name]}`))
  use(`with ${optional.join(', ')}`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function checkFiles (files) {
  for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'dist/index.js', 'dist/index.d.ts', 'types/index.d.ts', 'docs/architecture.md']) {
    assert.ok(files.includes(file), `${file} is not in the package`)
  }
  const strays = files.filter(file => !/^(?:dist|docs|lib)\/|^types\/[\w-]+\.d\.ts$|^(?:README|CHANGELOG|SECURITY)\.md$|^LICENSE$|^package\.json$/.test(file))
  assert.deepEqual(strays, [], 'these do not belong in the package')
  console.log(`smoke: ${files.length} files in the package`)
}

/** A package that fails when it is loaded. */
function poison (name) {
  const home = join(folder, 'node_modules', name)
  mkdirSync(home, { recursive: true })
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name, version: '0.0.0', main: 'index.js' }))
  writeFileSync(join(home, 'index.js'), `throw new Error('${name} was loaded')`)
}

function install (...packages) {
  sh('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...packages])
}

function use (how) {
  for (const file of ['consumer.mjs', 'consumer.cjs']) sh(process.execPath, [file])
  console.log(`smoke: works from ESM and CommonJS, ${how}`)
}

function sh (command, args, cwd = folder) {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    console.error(`smoke: ${command} ${args.join(' ')} failed\n${error.stdout}\n${error.stderr}`)
    process.exit(1)
  }
}
