import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { installPackageIn } from '../../scripts/pack.js'
import { installIn } from '../../scripts/prepare/folder.js'

const here = fileURLToPath(new URL('./', import.meta.url))
const build = fileURLToPath(new URL('../../scripts/build.js', import.meta.url))

export const say = text => { process.stderr.write(`applications: ${text}\n`) }

/** Builds, and installs the applications, once, and the package as built. */
export function prepare () {
  say('building')
  const { status } = spawnSync(process.execPath, [build], { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error('the build failed')
  installIn(here)
  say('installing fastsessions as built')
  installPackageIn(here)
}

/** The version of an installed package. */
export const versionOf = name => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8')).version
