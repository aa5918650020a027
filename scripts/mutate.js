#!/usr/bin/env node
// Changes one thing in a file of lib, runs the tests that should notice, and prints the changes that no test noticed.
//
//   node scripts/mutate.js                              all the files of mutate/tests.js (an hour or more)
//   node scripts/mutate.js lib/payload/changes.ts …     some of them
//   node scripts/mutate.js lib/payload/changes.ts:12 …  one line
//
// See mutate/README.md. It works in a compiled copy, so the checkout stays as it is. Not part of `npm test`.
import { fork } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'
import { mutationsOf } from './mutate/mutations.js'
import { testsByName, tooSlow } from './mutate/tests.js'

const root = fileURLToPath(new URL('..', import.meta.url))

const copy = mkdtempSync(join(tmpdir(), 'fastsessions-mutate-'))
process.on('exit', () => {
  worker?.kill('SIGKILL')
  rmSync(copy, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
const COPIED = ['lib', 'test', 'types', 'scripts', 'docs', 'package.json', 'tsconfig.json']
for (const name of COPIED) cpSync(join(root, name), join(copy, name), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
for (const name of [...filesIn('lib/'), ...filesIn('test/')]) compile(name, readFileSync(join(root, name), 'utf8'))

const mock = pathToFileURL(join(root, 'node_modules/@tapjs/mock/dist/esm/import.mjs')).href
// Modules stay in memory for as long as their process runs: a worker is replaced now and then.
const ROUNDS_PER_WORKER = 50
let rounds = 0
let worker

const total = { killed: 0, survived: 0 }
for (const argument of chosen()) {
  const [file, only] = argument.split(':')
  const tests = testsOf(file)
  const source = readFileSync(join(root, file), 'utf8')
  const start = Date.now()
  if (!await pass(tests, Infinity)) throw new Error(`${file}: ${tests[0]} fails without a change`)
  const limitMs = 3 * (Date.now() - start) + 5_000
  const count = { killed: 0, survived: 0 }
  for (const { start, end, text, line, column } of mutationsOf(file, source)) {
    if (only !== undefined && Number(only) !== line) continue
    compile(file, source.slice(0, start) + text + source.slice(end))
    const isSurvivor = await pass(tests, limitMs)
    count[isSurvivor ? 'survived' : 'killed']++
    if (!isSurvivor) continue
    const change = `${JSON.stringify(source.slice(start, end))} → ${JSON.stringify(text)}`
    console.log(`${file}:${line}:${column}: ${change} survived`)
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
  return asked.length > 0 ? asked : Object.keys(testsByName).flatMap(filesIn)
}

/** The files of a folder, with those of its folders; a file is itself. */
function filesIn (name) {
  if (statSync(join(root, name)).isFile()) return [name]
  return readdirSync(join(root, name), { recursive: true }).filter(file => file.endsWith('.ts')).map(file => name + file)
}

function testsOf (file) {
  const key = Object.keys(testsByName).filter(name => file.startsWith(name)).sort((a, b) => b.length - a.length)[0]
  if (key === undefined) throw new Error(`${file} has no tests in scripts/mutate/tests.js`)
  const tests = testsByName[key].flatMap(filesIn).filter(test => !tooSlow.includes(test))
  // The module's twin goes first: it is the quickest to notice.
  const twin = file.replace(/^lib\//, 'test/').replace(/\.ts$/, '.test.ts')
  return [...new Set([...existsSync(join(root, twin)) ? [twin] : [], ...tests])].map(name => name.replace(/ts$/, 'js'))
}

function compile (name, source) {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true }
  const { outputText } = ts.transpileModule(source, { compilerOptions })
  writeFileSync(join(copy, name.replace(/ts$/, 'js')), outputText.replace(/('\.[^']+)\.ts'/g, '$1.js\''))
}

/** Whether all tests pass. A worker that hangs or dies counts as a failure. The test that fails goes first the next time. */
function pass (tests, limitMs) {
  if (++rounds % ROUNDS_PER_WORKER === 0) {
    worker?.kill('SIGKILL')
    worker = undefined
  }
  worker ??= fork(join(copy, 'scripts/mutate/worker.js'), {
    cwd: copy, stdio: 'ignore', execArgv: [`--import=${mock}`], env: { ...process.env, TAP_TIMEOUT: '0' }
  })
  const timer = limitMs === Infinity ? undefined : setTimeout(() => worker.kill('SIGKILL'), limitMs)
  return new Promise(resolve => {
    worker.on('exit', () => {
      worker = undefined
      settle(-1)
    })
    // Tap sends messages of its own to the parent, too.
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
