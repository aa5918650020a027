#!/usr/bin/env node
// What `npm run integrations` runs: the tests of integrations/, with the package as users install it. Expects dist to be built.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { integrations } from '../integrations/list.js'
import { argumentsOf } from './arguments.js'
import { installPackageIn, sh } from './pack.js'
import { installIn } from './prepare/folder.js'

const HELP = `npm run integrations -- [options]

  Tries fastsessions together with the packages that applications use beside it. What it takes is installed into
  integrations/, at the first time. Prints a table; the exit status is 1 when a test fails.

  --only <name>  this one; may be given several times
  --help         this

Names: ${integrations.map(({ name }) => name).join(', ')}`

const AT_ONCE = 2
const home = fileURLToPath(new URL('../integrations', import.meta.url))
const { values: { only } } = argumentsOf(HELP, { options: { only: { type: 'string', multiple: true } } }, assertKnown)
const wanted = integrations.filter(({ name }) => only === undefined || only.includes(name))
try {
  installIn(home)
  installPackageIn(home)
  sh(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'], home)
} catch (error) {
  console.error(`integrations: ${error.message}`)
  process.exit(1)
}

const results = []
// The slow ones are last in the list, and begin first.
const waiting = wanted.toReversed()
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) results.push(await run(next))
}))
const rowOf = ({ name, packages }) => ({ packages: packages.join(', '), ...results.find(result => result.name === name).row })
console.table(Object.fromEntries(wanted.map(integration => [integration.name, rowOf(integration)])))
const failed = results.filter(({ row }) => row.result !== 'ok')
if (failed.length === 0) console.log(`integrations: ${results.length} tried, all work`)
else console.error(`integrations: ${failed.map(({ name }) => name).join(', ')} failed`)
process.exitCode = failed.length === 0 ? 0 : 1

function assertKnown ({ values: { only } }) {
  const unknown = only?.find(name => !integrations.some(integration => integration.name === name))
  if (unknown !== undefined) throw new Error(`There is no integration named ${unknown}`)
}

/** Runs the test of an integration. Its output is shown when it fails. */
async function run ({ name }) {
  const start = performance.now()
  const child = spawn(process.execPath, ['--test', '--test-reporter=spec', '--test-timeout=60000', `${name}.test.js`], { cwd: home })
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => output.push(chunk))
  const status = await new Promise(resolve => child.once('close', resolve))
  if (status !== 0) console.error(`\n== ${name}\n${Buffer.concat(output)}`)
  return { name, row: { result: status === 0 ? 'ok' : 'failed', seconds: Number(((performance.now() - start) / 1000).toFixed(1)) } }
}
