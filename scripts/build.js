#!/usr/bin/env node
// Compiles lib to dist. With --quick only the JavaScript: nothing is checked, no types are written, and no types of other
// packages are needed. That is for the demo, which installs few.
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const require = createRequire(import.meta.url)

rmSync(dist, { recursive: true, force: true })
const status = process.argv.includes('--quick') ? emitOnly() : compile()
// What does not compile must not look built.
if (status !== 0) rmSync(dist, { recursive: true, force: true })
process.exit(status)

function compile () {
  const { status } = spawnSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
  return status ?? 1
}

function emitOnly () {
  const ts = require('typescript')
  const { config } = ts.readConfigFile(join(root, 'tsconfig.build.json'), ts.sys.readFile)
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const program = ts.createProgram(fileNames, { ...options, noCheck: true, noResolve: true, noLib: true, types: [], declaration: false })
  const { emitSkipped, diagnostics } = program.emit()
  for (const { messageText } of diagnostics) console.error(ts.flattenDiagnosticMessageText(messageText, '\n'))
  return emitSkipped || diagnostics.length > 0 ? 1 : 0
}
