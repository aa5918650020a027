// The folders of the repository that are packages of their own: e2e/, integrations/, site/.
import { spawnSync } from 'node:child_process'
import { basename, join } from 'node:path'
import { areInstalled, packagesOf } from './packages.js'

/** Installs what the lock file of a folder says, unless it is there. Throws where npm fails. */
export function installIn (folder) {
  if (areInstalled(folder, packagesOf(join(folder, 'package-lock.json')))) return
  const name = basename(folder)
  console.error(`${name}: installing its packages (once) …`)
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder, stdio: ['ignore', 'inherit', 'inherit'], shell: process.platform === 'win32'
  })
  if (status !== 0) throw new Error(`npm ci failed in ${name}/`)
}
