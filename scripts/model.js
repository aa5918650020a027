#!/usr/bin/env node
// What `npm run model` runs: test/model/run.ts, with the TypeScript loader of the tests.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const args = ['--import=@tapjs/typescript/import', 'test/model/run.ts', ...process.argv.slice(2)]
// `npm run types` checks the types.
const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, TS_NODE_TRANSPILE_ONLY: '1' } })
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { child.kill(signal) })
const [status] = await once(child, 'exit')
process.exit(status ?? 1)
