import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** Where compiled files are kept, by what they were made of. To forget them all, remove the folder. */
const cache = join(root, 'node_modules', '.cache', 'fastsessions-ts')
const { version } = JSON.parse(readFileSync(join(root, 'node_modules', 'typescript', 'package.json'), 'utf8'))
const OWN = /^file:.*(?<!\/node_modules\/.*)\.ts(?:$|\?)/
/** Part of each key: a change of how files are compiled must not find files of before. */
const SETTINGS = 1

mkdirSync(cache, { recursive: true })

export async function load (url, context, nextLoad) {
  if (!OWN.test(url)) return await nextLoad(url, context)
  const path = fileURLToPath(url.replace(/\?.*$/, ''))
  const text = readFileSync(path, 'utf8')
  const key = createHash('sha256').update(JSON.stringify([SETTINGS, version, path, text])).digest('hex')
  return { format: 'module', source: kept(key) ?? await compiled(key, path, text), shortCircuit: true }
}

function kept (key) {
  try {
    return readFileSync(join(cache, `${key}.js`), 'utf8')
  } catch {
    return null
  }
}

async function compiled (key, path, text) {
  const { default: ts } = await import('typescript')
  const { outputText } = ts.transpileModule(text, {
    fileName: path,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
      inlineSources: true
    }
  })
  // Several processes may compile a file at the same time: each renames a whole one into place.
  const own = join(cache, `${key}.${process.pid}.tmp`)
  writeFileSync(own, outputText)
  renameSync(own, join(cache, `${key}.js`))
  return outputText
}
