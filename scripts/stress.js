#!/usr/bin/env node
// What `npm run stress` runs: stress/, with the loader that the tests have.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const args = ['--import=@tapjs/typescript/import', 'stress/run.ts', ...process.argv.slice(2)]
// Types are checked elsewhere.
const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, TS_NODE_TRANSPILE_ONLY: '1' } })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { child.kill(signal) })
const [status] = await once(child, 'exit')
process.exit(status ?? 1)
