#!/usr/bin/env node
// Changes one thing in a file of lib, runs the tests that are to notice, and says which changes none of them noticed.
//
//   node scripts/mutate.js                      all the files below (an hour or more)
//   node scripts/mutate.js lib/payload/changes.ts …     some of them
//   node scripts/mutate.js lib/payload/changes.ts:12 …  one line
//
// It works in a compiled copy, so the checkout stays as it is. Not part of `npm test`.
import { fork } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'
import { mutationsOf } from './mutate/mutations.js'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Which tests are to notice, those that fail most quickly first. The longest name that a file begins with counts. */
const TWINS = {
  'lib/payload/changes.ts': ['test/changes.test.ts'],
  'lib/record/lifetime.ts': ['test/lifetime.test.ts', 'test/session/lifetimes.test.ts'],
  'lib/store/breaker.ts': ['test/breaker.test.ts'],
  'lib/lifecycle/commit.ts': ['test/session/', 'test/commit/tries.test.ts', 'test/commit/conflicts.test.ts', 'test/commit/misbehaving-backends.test.ts', 'test/http/gone-records.test.ts', 'test/http/empty-sessions.test.ts', 'test/http/unchanged-sessions.test.ts', 'test/http/head-out.test.ts', 'test/http/other-hooks.test.ts'],
  'lib/store/registration.ts': ['test/session/', 'test/commit/tries.test.ts', 'test/commit/conflicts.test.ts', 'test/commit/misbehaving-backends.test.ts', 'test/http/', 'test/breaker.test.ts', 'test/timeout.test.ts', 'test/administration/'],
  'lib/crypto/': ['test/crypto/', 'test/wire-format.test.ts', 'test/cookies/rotation.test.ts', 'test/encrypt.test.ts'],
  'lib/lifecycle/end.ts': ['test/session/', 'test/commit/tries.test.ts', 'test/commit/conflicts.test.ts', 'test/commit/misbehaving-backends.test.ts', 'test/administration/'],
  'lib/http/': ['test/cookies/', 'test/http/'],
  'lib/http/caching.ts': ['test/http/caching-headers.test.ts'],
  'lib/http/chunks.ts': ['test/cookies/'],
  'lib/http/cookie-header.ts': ['test/cookies/', 'test/http/cookie-lines.test.ts', 'test/http/duplicate-cookies.test.ts', 'test/http/rejected-cookies.test.ts', 'test/http/refused-before-the-backend.test.ts'],
  'lib/http/hold.ts': ['test/http/double-send.test.ts', 'test/http/head-out.test.ts', 'test/http/streams.test.ts', 'test/http/other-hooks.test.ts', 'test/http/caching-headers.test.ts'],
  'lib/http/body.ts': ['test/http/responses.test.ts', 'test/http/streams.test.ts', 'test/http/failed-commit.test.ts', 'test/http/caching-headers.test.ts'],
  'lib/http/reply-cookies.ts': ['test/http/clearing-cookie.test.ts', 'test/http/leftover-changes.test.ts', 'test/http/plain-http.test.ts', 'test/http/head-out.test.ts', 'test/http/failed-commit.test.ts', 'test/http/set-cookie.test.ts', 'test/http/other-hooks.test.ts', 'test/http/caching-headers.test.ts', 'test/http/websocket.test.ts', 'test/cookies/splitting.test.ts', 'test/session/destroy.test.ts', 'test/session/save-and-reload.test.ts'],
  'lib/http/exchange.ts': ['test/http/leftover-changes.test.ts', 'test/http/double-send.test.ts', 'test/http/failed-commit.test.ts', 'test/http/other-hooks.test.ts', 'test/http/backend-errors.test.ts', 'test/http/untouched-requests.test.ts', 'test/http/caching-headers.test.ts', 'test/http/streams.test.ts', 'test/http/commit-before-head.test.ts'],
  'lib/tools/bounded-map.ts': ['test/bounded-map.test.ts'],
  'lib/lifecycle/draft.ts': ['test/session/', 'test/commit/tries.test.ts', 'test/commit/conflicts.test.ts', 'test/commit/misbehaving-backends.test.ts', 'test/http/empty-sessions.test.ts', 'test/http/unchanged-sessions.test.ts', 'test/http/what-counts-as-use.test.ts', 'test/schema-version.test.ts'],
  'lib/lifecycle/rotate.ts': ['test/session/', 'test/commit/tries.test.ts', 'test/commit/conflicts.test.ts', 'test/commit/misbehaving-backends.test.ts', 'test/administration/']
}

const copy = mkdtempSync(join(tmpdir(), 'fastsessions-mutate-'))
process.on('exit', () => {
  worker?.kill('SIGKILL')
  rmSync(copy, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
for (const name of ['lib', 'test', 'types', 'scripts', 'docs', 'package.json', 'tsconfig.json']) cpSync(join(root, name), join(copy, name), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
for (const name of [...filesIn('lib/'), ...filesIn('test/')]) compile(name, readFileSync(join(root, name), 'utf8'))

const mock = pathToFileURL(join(root, 'node_modules/@tapjs/mock/dist/esm/import.mjs')).href
// Modules stay in memory for as long as their process runs.
const ROUNDS_PER_WORKER = 50
let rounds = 0
let worker

const total = { killed: 0, survived: 0 }
for (const argument of chosen()) {
  const [file, only] = argument.split(':')
  const tests = testsOf(file)
  const source = readFileSync(join(root, file), 'utf8')
  const start = Date.now()
  if (!await pass(tests, Infinity)) throw new Error(`the tests of ${file} fail without a change`)
  const limitMs = 3 * (Date.now() - start) + 5_000
  const count = { killed: 0, survived: 0 }
  for (const { start, end, text, line, column } of mutationsOf(file, source)) {
    if (only !== undefined && Number(only) !== line) continue
    compile(file, source.slice(0, start) + text + source.slice(end))
    const isSurvivor = await pass(tests, limitMs)
    count[isSurvivor ? 'survived' : 'killed']++
    if (isSurvivor) console.log(`${file}:${line}:${column}: ${JSON.stringify(source.slice(start, end))} → ${JSON.stringify(text)} survived`)
  }
  compile(file, source)
  console.log(`${file}: ${score(count)}`)
  total.killed += count.killed
  total.survived += count.survived
}
console.log(`all: ${score(total)}`)
worker?.kill()

function score ({ killed, survived }) {
  return `${killed} of ${killed + survived} changes were noticed (${Math.round(killed / (killed + survived) * 100)} %)`
}

function chosen () {
  const asked = process.argv.slice(2)
  return asked.length > 0 ? asked : Object.keys(TWINS).flatMap(filesIn)
}

/** The files of a folder, with those of its folders; a file is itself. */
function filesIn (name) {
  if (statSync(join(root, name)).isFile()) return [name]
  return readdirSync(join(root, name), { recursive: true }).filter(file => file.endsWith('.ts')).map(file => name + file)
}

function testsOf (file) {
  const key = Object.keys(TWINS).filter(name => file.startsWith(name)).sort((a, b) => b.length - a.length)[0]
  if (key === undefined) throw new Error(`${file} has no tests in scripts/mutate.js`)
  const tests = TWINS[key].flatMap(filesIn)
  // The twin first: it is the quickest to notice.
  const twin = file.replace(/^lib\//, 'test/').replace(/\.ts$/, '.test.ts')
  return [...new Set([...existsSync(join(root, twin)) ? [twin] : [], ...tests])].map(name => name.replace(/ts$/, 'js'))
}

function compile (name, source) {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true }
  const { outputText } = ts.transpileModule(source, { compilerOptions })
  writeFileSync(join(copy, name.replace(/ts$/, 'js')), outputText.replace(/('\.[^']+)\.ts'/g, '$1.js\''))
}

/** Whether all tests pass. A worker that hangs or dies is one that failed. The test that fails goes first the next time. */
function pass (tests, limitMs) {
  if (++rounds % ROUNDS_PER_WORKER === 0) {
    worker?.kill('SIGKILL')
    worker = undefined
  }
  worker ??= fork(join(copy, 'scripts/mutate/worker.js'), { cwd: copy, stdio: 'ignore', execArgv: [`--import=${mock}`], env: { ...process.env, TAP_TIMEOUT: '0' } })
  const timer = limitMs === Infinity ? undefined : setTimeout(() => worker.kill('SIGKILL'), limitMs)
  return new Promise(resolve => {
    worker.on('exit', () => {
      worker = undefined
      settle(-1)
    })
    // Tap has things to say to its parent too.
    worker.on('message', ({ passed }) => { if (passed !== undefined) settle(passed) })
    worker.send(tests.map(test => pathToFileURL(join(copy, test)).href))
    function settle (passed) {
      clearTimeout(timer)
      worker?.removeAllListeners()
      if (passed > 0) tests.unshift(...tests.splice(passed, 1))
      resolve(passed === tests.length)
    }
  })
}
