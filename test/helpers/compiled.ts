import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Starts Node without the loaders of the test runner, which take longer to load than such a process works. */
export const plainNode: readonly [string, ...string[]] = ['env', '-u', 'NODE_OPTIONS', process.execPath]

/**
 * Compiles a file, with all files that the file imports by path, into a folder inside the repository. A process that a test
 * starts hundreds of times must not compile at each start.
 *
 * @returns the path of the compiled file
 */
export function compile (entry: string, folder: string): string {
  const paths = new Set([join(root, entry)])
  for (const path of paths) {
    const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true }
    })
    for (const [, specifier] of outputText.matchAll(/\b(?:from |import\()'(\.[^']+\.ts)'/g)) paths.add(join(dirname(path), specifier!))
    const compiled = compiledPath(path, folder)
    mkdirSync(dirname(compiled), { recursive: true })
    writeFileSync(compiled, outputText.replace(/(\b(?:from |import\()'\.[^']+)\.ts'/g, '$1.js\''))
  }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  return compiledPath(join(root, entry), folder)
}

function compiledPath (path: string, folder: string): string {
  return join(folder, relative(root, path).replace(/\.ts$/, '.js'))
}
