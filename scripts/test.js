#!/usr/bin/env node
// What `npm test` runs: tap, with the servers that the tests ask for. Arguments are tap's.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { provide, serverNames, urlFromEnvironment } from './servers/index.js'
import { shareServers } from './servers/share.js'

const { positionals } = parseArgs({ allowPositionals: true, strict: false })
const isWholeRun = positionals.length === 0
try {
  // Said once and before anything runs, instead of by each test that needs one.
  if (isWholeRun) provide(serverNames.filter(name => urlFromEnvironment(name) === undefined), text => console.error(`servers: ${text}`))
} catch (error) {
  console.error(error.message)
  process.exit(1)
}

const stop = await shareServers()
const tap = join(dirname(createRequire(import.meta.url).resolve('tap/package.json')), 'dist', 'esm', 'run.mjs')
const child = spawn(process.execPath, [tap, ...process.argv.slice(2)], { stdio: 'inherit' })
// Ctrl-C reaches tap as well; the servers go when it has ended.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => { child.kill(signal) })
const [status] = await once(child, 'exit')
await stop()
process.exit(status ?? 1)
