import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const here = new URL('./', import.meta.url)

/** Builds, since an old build would be measured as if it were the new one, and installs the peers where they are not what package-lock.json says. */
export function prepare () {
  say('building')
  run(process.execPath, [fileURLToPath(new URL('../scripts/build.js', here))])
  if (isInstalled()) return
  say('installing the peers')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
}

// npm notes what it installed, when it is done.
function isInstalled () {
  const note = new URL('node_modules/.package-lock.json', here)
  if (!existsSync(note)) return false
  const installed = packagesOf(note)
  return Object.entries(packagesOf(new URL('package-lock.json', here)))
    .every(([path, { version, optional }]) => path === '' || installed[path]?.version === version || (optional && !(path in installed)))
}

const packagesOf = file => JSON.parse(readFileSync(file, 'utf8')).packages

export const say = text => { process.stderr.write(`bench: ${text}\n`) }

function run (command, args) {
  const { status } = spawnSync(command, args, { cwd: fileURLToPath(here), stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) process.exit(status ?? 1)
}
