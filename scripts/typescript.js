// Runs a program in TypeScript with the loader of the tests. `npm run types` checks its types.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Runs a program of the repository with the arguments of this process, and ends with its status. */
export async function runTypeScript (program) {
  const args = ['--import=./scripts/loader/register.js', program, ...process.argv.slice(2)]
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { child.kill(signal) })
  const [status] = await once(child, 'exit')
  process.exit(status ?? 1)
}
