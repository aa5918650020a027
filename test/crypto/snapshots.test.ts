import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import ts from 'typescript'

t.test('processes that start from one snapshot of Node hand out different tokens', async t => {
  const source = readFileSync(new URL('../../lib/crypto/random.ts', import.meta.url), 'utf8')
  const { outputText } = ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 } })
  const directory = t.testdir({})
  const main = `
    const random = {}
    ;(function (exports) { ${outputText} })(random)
    random.randomText(32)
    require('node:v8').startupSnapshot.setDeserializeMainFunction(() => { console.log(random.randomText(32)) })`
  writeFileSync(`${directory}/main.cjs`, main)
  const node = (...args: string[]) => execFileSync(process.execPath, ['--snapshot-blob', `${directory}/blob`, ...args], {
    encoding: 'utf8', env: {}
  })
  node('--build-snapshot', `${directory}/main.cjs`)
  const tokens = [node(), node()].map(text => text.trim())
  t.match(tokens, [/^[\w-]{43}$/, /^[\w-]{43}$/])
  t.not(tokens[0], tokens[1])
})

t.test('the pool of random bytes is forgotten when a snapshot is made', async t => {
  let forget!: () => void
  const { randomBytes } = await t.mockImport<typeof import('../../lib/crypto/random.ts')>('../../lib/crypto/random.ts', {
    'node:v8': { startupSnapshot: { isBuildingSnapshot: () => true, addSerializeCallback: (then: () => void) => { forget = then } } }
  })
  randomBytes(32)
  forget()
  t.notSame(randomBytes(32), Buffer.alloc(32), 'and filled anew afterwards')
})

t.test('a pool older than a second is filled anew: a virtual machine may have been saved, and started twice', async t => {
  const crypto = await import('node:crypto')
  let fills = 0
  const { randomBytes } = await t.mockImport<typeof import('../../lib/crypto/random.ts')>('../../lib/crypto/random.ts', {
    'node:crypto': { ...crypto, randomFillSync: (buffer: Buffer) => { fills++; return crypto.randomFillSync(buffer) } }
  })
  let now = performance.now()
  t.intercept(performance, 'now', { value: () => now })
  randomBytes(32)
  now += 1_000
  randomBytes(32)
  t.equal(fills, 1)
  now += 1
  randomBytes(32)
  t.equal(fills, 2)
})
