import t from 'tap'
import { inDocs, read } from '../helpers/documents.ts'
import { typeErrors } from '../helpers/typechecker.ts'

/** The package as it was built, for an example by itself. */
function problemsOf (code: string): string[] {
  return typeErrors({ 'example.mts': code }, { noPropertyAccessFromIndexSignature: true })
}

t.test('every TypeScript example compiles, each by itself', async t => {
  for (const file of ['README.md', ...inDocs]) {
    for (const [index, [, code]] of [...read(file).matchAll(/```ts check\n([^]*?)```/g)].entries()) {
      t.strictSame(problemsOf(code!), [], `${file} ${index}`)
    }
  }
})

t.test('an example that does not compile is found', async t => {
  t.match(problemsOf('import sessions from \'fastsessions\'\nsessions.nothing()\n'), [/nothing/])
})
