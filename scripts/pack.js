// The package as users install it: the tarball of npm. Expects dist to be built.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Packs this checkout into a folder and returns the path of the tarball. */
export function packInto (folder) { return packedInto(folder).tarball }

/** Packs this checkout into a folder and returns the path of the tarball, with the paths of the files in it. */
export function packedInto (folder) {
  if (!existsSync(join(root, 'dist', 'index.js'))) throw new Error('dist is missing: npm run build')
  const [{ filename, files }] = JSON.parse(sh('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root))
  return { tarball: join(folder, filename), paths: files.map(({ path }) => path) }
}

/** Installs the tarball of this checkout into a folder that has packages of its own, with the dependencies that it names. */
export function installPackageIn (home) {
  const folder = mkdtempSync(join(tmpdir(), 'fastsessions-pack-'))
  try {
    // npm would keep a package of the same version.
    rmSync(join(home, 'node_modules', 'fastsessions'), { recursive: true, force: true })
    sh('npm', ['install', '--no-save', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error', packInto(folder)], home)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Runs a command to its end and returns what it printed. */
export function sh (command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  if (status === 0) return stdout
  throw new Error(`${command} ${args.join(' ')} failed\n${error?.message ?? ''}${stdout}\n${stderr}`)
}
