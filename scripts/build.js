#!/usr/bin/env node
// Makes dist: one implementation in CommonJS, which `require`, `import` and test runners load alike; a door of a few lines for ES modules
// beside each entry point; and declarations for both. With --quick only the JavaScript: nothing is checked, and no compiler is needed. That is
// for the demo, which installs few packages.
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './build/bundle.js'
import { entryFiles, programFiles } from './build/entries.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const { bin, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

rmSync(dist, { recursive: true, force: true })
const paths = Object.values(exports).flatMap(({ require }) => require?.default ?? [])
const names = [...new Set(paths)].map(path => path.slice('./dist/'.length, -'.cjs'.length))
// What is run, and not imported: it needs no door and no declarations.
const programs = Object.values(bin).map(path => path.slice('./dist/'.length, -'.cjs'.length))
// What does not compile must not look built.
const declarations = process.argv.includes('--quick') ? {} : (await import('./build/declarations.js')).declarationsOf(root, names)
if (declarations === null) process.exit(1)
const chunks = await bundle(root, names, programs)

const files = { ...declarations, ...chunks, ...entryFiles(chunks, names), ...programFiles(programs) }
for (const [name, text] of Object.entries(files)) {
  mkdirSync(dirname(join(dist, name)), { recursive: true })
  writeFileSync(join(dist, name), text)
}
for (const name of programs) chmodSync(join(dist, `${name}.cjs`), 0o755)
