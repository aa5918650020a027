#!/usr/bin/env node
// Changes one thing in a file of lib, runs the tests that are to notice, and says which changes none of them noticed.
//
//   node scripts/mutate.js                      all the files below (an hour or more)
//   node scripts/mutate.js lib/changes.ts …     some of them
//
// It works in a copy, so the checkout stays as it is. Not part of `npm test`.
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const TIMEOUT_MS = 60_000

/** Which tests are to notice: those that fail most quickly first. */
const TWINS = {
  'lib/changes.ts': ['test/changes.test.ts'],
  'lib/lifetime.ts': ['test/lifetime.test.ts', 'test/session/lifetimes.test.ts'],
  'lib/commit.ts': ['test/session/transactions.test.ts', 'test/session/save-and-reload.test.ts', 'test/session/lost-answers.test.ts', 'test/session/ended-meanwhile.test.ts', 'test/commit/conflicts.test.ts', 'test/commit/misbehaving-backends.test.ts', 'test/session/events.test.ts', 'test/http/gone-records.test.ts', 'test/http/empty-sessions.test.ts', 'test/http/unchanged-sessions.test.ts', 'test/commit/interleavings.test.ts'],
  'lib/crypto/': ['test/crypto/*', 'test/wire-format.test.ts', 'test/cookies/rotation.test.ts', 'test/encrypt.test.ts'],
  'lib/http/': ['test/cookies/*', 'test/http/*']
}

/** What each operator becomes. */
const OPERATORS = {
  '<': ['<=', '>'], '<=': ['<', '>'], '>': ['>=', '<'], '>=': ['>', '<'], '===': ['!=='], '!==': ['==='], '&&': ['||'], '||': ['&&'], '??': ['&&'], '+': ['-'], '-': ['+'], '*': ['/'], '/': ['*'], '%': ['*'], '+=': ['-='], '-=': ['+=']
}

const copy = mkdtempSync(join(tmpdir(), 'fastsessions-mutate-'))
process.on('exit', () => rmSync(copy, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
for (const name of ['lib', 'test', 'types', 'scripts', 'docs', 'package.json', 'tsconfig.json']) cpSync(join(root, name), join(copy, name), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))

const total = { killed: 0, survived: 0 }
for (const file of chosen()) {
  const tests = testsOf(file)
  const source = readFileSync(join(root, file), 'utf8')
  if (!await pass(tests)) throw new Error(`the tests of ${file} fail without a change`)
  const count = { killed: 0, survived: 0 }
  for (const { start, end, text, line } of mutationsOf(file, source)) {
    writeFileSync(join(copy, file), source.slice(0, start) + text + source.slice(end))
    const isSurvivor = await pass(tests)
    count[isSurvivor ? 'survived' : 'killed']++
    if (isSurvivor) console.log(`${file}:${line}: ${JSON.stringify(source.slice(start, end))} → ${JSON.stringify(text)} survived`)
  }
  writeFileSync(join(copy, file), source)
  console.log(`${file}: ${score(count)}`)
  total.killed += count.killed
  total.survived += count.survived
}
console.log(`all: ${score(total)}`)

function score ({ killed, survived }) {
  return `${killed} of ${killed + survived} changes were noticed (${Math.round(killed / (killed + survived) * 100)} %)`
}

function chosen () {
  const asked = process.argv.slice(2)
  const files = Object.keys(TWINS).flatMap(name => name.endsWith('/') ? readdirSync(join(root, name)).map(file => name + file) : [name])
  return asked.length === 0 ? files : asked.map(file => relative(root, join(process.cwd(), file)))
}

function testsOf (file) {
  const key = Object.keys(TWINS).find(name => file.startsWith(name))
  if (key === undefined) throw new Error(`${file} has no tests in scripts/mutate.js`)
  const tests = TWINS[key].flatMap(name => name.endsWith('*') ? readdirSync(join(root, name.slice(0, -1))).map(test => name.slice(0, -1) + test) : [name])
  // The twin first: it is the quickest to notice.
  const twin = file.replace(/^lib\//, '').replace(/\.ts$/, '.test.ts').split('/').at(-1)
  return tests.sort((a, b) => Number(b.endsWith(`/${twin}`)) - Number(a.endsWith(`/${twin}`)))
}

async function pass (tests) {
  for (const test of tests) if (!await passes(test)) return false
  return true
}

function passes (test) {
  const loaders = ['typescript', 'mock'].map(name => `--import=${pathToFileURL(join(root, `node_modules/@tapjs/${name}/dist/esm/import.mjs`)).href}`)
  const child = spawn(process.execPath, [...loaders, test], { cwd: copy, stdio: 'ignore', env: { ...process.env, TAP_BAIL: '1' } })
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS)
  return new Promise(resolve => {
    child.on('exit', status => {
      clearTimeout(timer)
      resolve(status === 0)
    })
  })
}

function mutationsOf (file, source) {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ESNext, true)
  const mutations = []
  const add = (node, text) => {
    const start = node.getStart(tree)
    mutations.push({ start, end: node.getEnd(), text, line: tree.getLineAndCharacterOfPosition(start).line + 1 })
  }
  visit(tree)
  return mutations

  function visit (node) {
    // Types do not run.
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isImportDeclaration(node)) return
    if (ts.isBinaryExpression(node)) for (const other of OPERATORS[node.operatorToken.getText(tree)] ?? []) add(node.operatorToken, other)
    if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) add(node, node.operand.getText(tree))
    if (ts.isIfStatement(node) || ts.isWhileStatement(node)) for (const value of ['true', 'false']) add(node.expression, value)
    if (ts.isConditionalExpression(node)) for (const value of ['true', 'false']) add(node.condition, value)
    if (node.kind === ts.SyntaxKind.TrueKeyword) add(node, 'false')
    if (node.kind === ts.SyntaxKind.FalseKeyword) add(node, 'true')
    if (ts.isNumericLiteral(node)) add(node, String(Number(node.text.replaceAll('_', '')) + 1))
    // An arrow in a loop may end the loop; what matters is whether its effect is missed.
    if (ts.isExpressionStatement(node)) add(node, ';')
    ts.forEachChild(node, visit)
  }
}
