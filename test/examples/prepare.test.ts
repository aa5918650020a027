import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { areInstalled, namesForDemo, packagesOf, partOf } from '../../scripts/prepare/packages.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

t.test('part of a lock file is what some packages need, where npm has placed it', async t => {
  const packages = {
    '': {},
    'node_modules/a': { version: '1.0.0', dev: true, dependencies: { b: '^2', c: '*' } },
    'node_modules/a/node_modules/b': { version: '2.0.0', dependencies: { c: '*', d: '*' } },
    'node_modules/b': { version: '1.0.0' },
    'node_modules/c': { version: '1.0.0', dependencies: { a: '*' }, optionalDependencies: { gone: '*' } },
    'node_modules/d': { version: '1.0.0', peerDependencies: { e: '*', f: '*' }, peerDependenciesMeta: { f: { optional: true } } },
    'node_modules/e': { version: '1.0.0' },
    'node_modules/f': { version: '1.0.0' }
  }
  t.strictSame(Object.keys(partOf(packages, ['a'])).sort(), [
    'node_modules/a', 'node_modules/a/node_modules/b', 'node_modules/c', 'node_modules/d', 'node_modules/e'
  ])
  t.notOk('dev' in partOf(packages, ['a'])['node_modules/a']!, 'all of it is needed there')
})

t.test('the demo installs few packages, and all that the examples import', async t => {
  // As in a fresh clone, where no driver is there.
  const fresh = t.testdir({
    'package.json': readFileSync(join(root, 'package.json'), 'utf8'),
    examples: { app: { 'drivers.json': readFileSync(join(root, 'examples/app/drivers.json'), 'utf8') } }
  })
  const part = partOf(packagesOf(join(root, 'package-lock.json')), namesForDemo(fresh, 'cookie'))
  t.ok(Object.keys(part).length < 80, `${Object.keys(part).length} packages`)
  t.strictSame(Object.values(part).filter(({ os, cpu, optional }) => (os ?? cpu) && !optional), [], 'what is for one platform is optional')

  const files = readdirSync(join(root, 'examples'), { recursive: true }).map(String).filter(name => name.endsWith('.js'))
  const imported = files.flatMap(name => [...readFileSync(join(root, 'examples', name), 'utf8').matchAll(/^import .*from '([^.'][^']*)'$/gm)])
  const needed = new Set(imported.map(([, name]) => name!).filter(name => !name.startsWith('node:') && !name.startsWith('fastsessions')))
  t.notOk([...needed].some(name => builtinModules.includes(name)))
  t.strictSame([...needed].filter(name => !(`node_modules/${name}` in part)), [])
  t.ok('node_modules/ioredis' in partOf(packagesOf(join(root, 'package-lock.json')), namesForDemo(fresh, 'redis')), 'and a driver when it is asked for')
})

t.test('what npm has noted counts as installed, in the version and with the text of the lock file', async t => {
  const a = { version: '1.0.0', integrity: 'sha512-a' }
  const folder = t.testdir({ node_modules: { a: {}, '.package-lock.json': JSON.stringify({ packages: { 'node_modules/a': a, 'node_modules/b': a } }) } })
  const asks = (wanted: Parameters<typeof areInstalled>[1]) => areInstalled(folder, wanted)
  t.ok(asks({ '': {}, 'node_modules/a': a, 'node_modules/other-platform': { ...a, optional: true } }))
  t.notOk(asks({ 'node_modules/a': { ...a, version: '1.0.1' } }))
  t.notOk(asks({ 'node_modules/a': { ...a, integrity: 'sha512-b' } }))
  t.notOk(asks({ 'node_modules/b': a }), 'its folder is gone')
  t.notOk(asks({ 'node_modules/c': a }))
  t.notOk(areInstalled(join(folder, 'nowhere'), {}))
})
