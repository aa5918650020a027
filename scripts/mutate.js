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

// Of the flows of a session.
const FLOWS = [
  'test/session/', 'test/lifecycle/tries.test.ts', 'test/lifecycle/conflicts.test.ts', 'test/lifecycle/misbehaving-backends.test.ts'
]
const http = (...names) => names.map(name => `test/http/${name}.test.ts`)

/** Which tests are to notice, those that fail most quickly first. The longest name that a file begins with counts. */
const TWINS = {
  'lib/payload/changes.ts': ['test/payload/changes.test.ts'],
  'lib/record/lifetime.ts': ['test/record/lifetime.test.ts', 'test/session/lifetimes.test.ts'],
  'lib/crypto/': ['test/crypto/', 'test/record/wire-format.test.ts', 'test/cookies/rotation.test.ts', 'test/payload/encrypt.test.ts'],
  'lib/tools/bounded-map.ts': ['test/tools/bounded-map.test.ts'],
  'lib/store/breaker.ts': ['test/store/breaker.test.ts'],
  'lib/store/queue.ts': [
    'test/store/queue.test.ts', 'test/lifecycle/together.test.ts', 'test/lifecycle/failed-in-the-queue.test.ts', 'test/lifecycle/conflicts.test.ts'
  ],
  'lib/store/': [...FLOWS, 'test/http/', 'test/store/', 'test/administration/'],
  'lib/lifecycle/commit.ts': [
    ...FLOWS, ...http('gone-records', 'empty-sessions', 'unchanged-sessions', 'head-out', 'other-hooks'), 'test/lifecycle/together.test.ts'
  ],
  'lib/lifecycle/draft.ts': [...FLOWS, ...http('empty-sessions', 'unchanged-sessions', 'what-counts-as-use'), 'test/payload/schema-version.test.ts'],
  'lib/lifecycle/': [...FLOWS, ...http('gone-records', 'empty-sessions', 'unchanged-sessions', 'head-out', 'other-hooks'), 'test/administration/'],
  'lib/lifecycle/end.ts': [...FLOWS, 'test/administration/'],
  'lib/lifecycle/rotate.ts': [...FLOWS, 'test/administration/'],
  'lib/lifecycle/successor.ts': [...FLOWS, 'test/administration/'],
  'lib/http/': ['test/cookies/', 'test/http/'],
  'lib/http/caching.ts': http('caching-headers'),
  'lib/http/chunks.ts': ['test/cookies/'],
  'lib/http/cookie-header.ts': ['test/cookies/', ...http('cookie-lines', 'duplicate-cookies', 'rejected-cookies', 'refused-before-the-backend')],
  'lib/http/hold.ts': http('double-send', 'head-out', 'streams', 'other-hooks', 'caching-headers'),
  'lib/http/body.ts': http('responses', 'streams', 'failed-commit', 'caching-headers'),
  'lib/http/reply-cookies.ts': [
    ...http('clearing-cookie', 'leftover-changes', 'plain-http', 'head-out', 'failed-commit', 'set-cookie', 'other-hooks', 'caching-headers', 'websocket'),
    'test/cookies/splitting.test.ts', 'test/session/destroy.test.ts', 'test/session/save-and-reload.test.ts'
  ],
  'lib/http/exchange.ts': http(
    'leftover-changes', 'double-send', 'failed-commit', 'other-hooks', 'backend-errors', 'untouched-requests', 'caching-headers', 'streams',
    'commit-before-head'
  )
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
