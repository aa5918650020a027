import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = new URL('./', import.meta.url)

/** Builds, since an old build would be measured as if it were the new one, and installs the peers at the first run. */
export function prepare () {
  say('building')
  run(process.execPath, [fileURLToPath(new URL('../scripts/build.js', here))])
  if (existsSync(new URL('node_modules', here))) return
  say('installing the peers')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
}

export const say = text => { process.stderr.write(`bench: ${text}\n`) }

function run (command, args) {
  const { status } = spawnSync(command, args, { cwd: fileURLToPath(here), stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) process.exit(status ?? 1)
}
