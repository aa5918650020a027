import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** As an application is compiled that has installed the package, with the strictest options. */
const STRICT: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  noEmit: true,
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')]
}

/** What is read from files: the programs of a test have it in common. */
const known = new Map<string, ts.SourceFile | undefined>()

/** `fastsessions` is what lib has, and not what was built last. */
export const FROM_SOURCE: ts.CompilerOptions = {
  allowImportingTsExtensions: true, paths: { fastsessions: [join(root, 'lib/index.ts')] }
}

/**
 * Compiles files that exist in memory only, as if they lay in the repository.
 *
 * @param files texts by name, such as `{ 'app.ts': '…' }`
 * @returns what the compiler says of them (and of all files, without `skipLibCheck`), one text for each error, with the name and the line of the file in front
 */
export function typeErrors (files: Readonly<Record<string, string>>, options: ts.CompilerOptions = FROM_SOURCE): string[] {
  const texts = new Map(Object.entries(files).map(([name, text]) => [join(root, 'test/types', name), text]))
  const settings = { ...STRICT, ...options }
  const host = ts.createCompilerHost(settings)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = path => texts.has(path) || fileExists.call(host, path)
  host.readFile = path => texts.get(path) ?? readFile.call(host, path)
  host.getSourceFile = (path, language, ...rest) => {
    const text = texts.get(path)
    if (text !== undefined) return ts.createSourceFile(path, text, language)
    if (!known.has(path)) known.set(path, getSourceFile.call(host, path, language, ...rest))
    return known.get(path)
  }
  const program = ts.createProgram([...texts.keys()], settings, host)
  const checked = settings.skipLibCheck === true ? program.getSourceFiles().filter(({ fileName }) => texts.has(fileName)) : [undefined]
  return checked.flatMap(file => ts.getPreEmitDiagnostics(program, file)).map(described)
}

function described ({ file, start, messageText }: ts.Diagnostic): string {
  const text = ts.flattenDiagnosticMessageText(messageText, '\n')
  if (file === undefined) return text
  return `${file.fileName.slice(root.length).replace('test/types/', '')}:${file.getLineAndCharacterOfPosition(start!).line + 1}: ${text}`
}
