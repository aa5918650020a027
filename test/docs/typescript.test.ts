import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'

const root = new URL('../../', import.meta.url)
const documents = ['README.md', ...['docs', 'docs/guides'].flatMap(folder => {
  return readdirSync(new URL(folder, root)).filter(file => file.endsWith('.md')).map(file => `${folder}/${file}`)
})]

/** Strict, as a new project has it, with all that makes a compiler more strict. */
const options: ts.CompilerOptions = {
  strict: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2022,
  types: ['node'],
  noEmit: true,
  skipLibCheck: true
}

// Parsed once for all examples: the declarations of Node and Fastify are most of the work.
const parsed = new Map<string, ts.SourceFile | undefined>()

function problemsOf (code: string): string[] {
  // Inside the package, so that the example imports `fastsessions` as its users do.
  const name = fileURLToPath(new URL('test/docs/example.ts', root))
  const host = ts.createCompilerHost(options)
  const { fileExists, getSourceFile, readFile } = host
  host.fileExists = file => file === name || fileExists(file)
  host.readFile = file => file === name ? code : readFile(file)
  host.getSourceFile = (file, languageVersion) => {
    if (file === name) return ts.createSourceFile(file, code, languageVersion)
    if (!parsed.has(file)) parsed.set(file, getSourceFile(file, languageVersion))
    return parsed.get(file)
  }
  const program = ts.createProgram({ rootNames: [name], options, host })
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

t.test('every TypeScript example compiles, each by itself', async t => {
  for (const file of documents) {
    const blocks = [...readFileSync(new URL(file, root), 'utf8').matchAll(/```ts check\n([^]*?)```/g)]
    for (const [index, [, code]] of blocks.entries()) t.strictSame(problemsOf(code!), [], `${file} ${index}`)
  }
})

t.test('an example that does not compile is found', async t => {
  t.match(problemsOf('import sessions from \'fastsessions\'\nsessions.nothing()\n'), [/nothing/])
})
