import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

/** CommonJS has a `require` of its own, which bundlers of applications understand. */
const MADE_REQUIRE = /^const require = createRequire\(import\.meta\.url\)$/m

/** The folder of dist with the code. */
export const CODE = 'code'

/**
 * A CommonJS file for each entry point, and files for what they have in common: an error class must not exist twice. A program takes
 * what it needs from the entry points, and is no reason to load more with any of them.
 *
 * @param names of the files in dist, such as `redis`
 * @param programs names of files which are run, and not imported
 * @returns texts by name of the file in dist
 */
export async function bundle (root, names, programs) {
  const main = await chunksOf(root, ['index'], [])
  const atImport = new Set(loadedAtImport(main))
  const inMain = new Set(main.flatMap(({ moduleIds }) => moduleIds))
  const inBackends = new Set()
  for (const name of names.filter(name => BACKENDS.includes(name))) {
    for (const { moduleIds } of await chunksOf(root, [name], [])) moduleIds.forEach(id => inBackends.add(id))
  }
  // Who imports `fastsessions` loads nothing that is needed only once the plugin is registered, or that only the other entry points share;
  // and who imports a backend nothing that is needed only then.
  const library = await chunksOf(root, names, [
    groupOf('core', id => atImport.has(id)),
    groupOf('records', id => inMain.has(id) && inBackends.has(id)),
    groupOf('requests', id => inMain.has(id)),
    groupOf('more', id => !inMain.has(id))
  ])
  // A file goes where it was without the programs.
  const groups = library.map(({ name, moduleIds }) => groupOf(name, id => moduleIds.includes(id)))
  const output = await chunksOf(root, [...names, ...programs], [...groups, { name: 'program', minShareCount: 2 }])
  return Object.fromEntries(output.map(({ fileName, code }) => [fileName, fileName === `${CODE}/index.cjs` ? code + PLUGIN_IS_MODULE : code]))
}

/** A file that others need comes first, since a group takes along what its files import. */
const PRIORITIES = { core: 3, records: 2, requests: 1 }
const groupOf = (name, test) => ({ name, test, minShareCount: 2, priority: PRIORITIES[name] ?? 0 })
/** The entry points with backends, which share code with the backends that `fastsessions` itself has. */
const BACKENDS = ['cached', 'database', 'express-store', 'file', 'memcached', 'redis', 'starlette']

/** The modules that an entry point runs at once, and not by an `import()` later. */
function loadedAtImport (chunks) {
  const byName = new Map(chunks.map(chunk => [chunk.fileName, chunk]))
  const reached = new Set([chunks.find(({ isEntry }) => isEntry).fileName])
  for (const name of reached) for (const next of byName.get(name)?.imports ?? []) reached.add(next)
  return [...reached].flatMap(name => byName.get(name)?.moduleIds ?? [])
}

async function chunksOf (root, names, groups) {
  const build = await rolldown({
    input: Object.fromEntries(names.map(name => [name, sourceOf(root, name)])),
    platform: 'node',
    // What is installed stays outside.
    external: /^(?!\.|\/)/,
    plugins: [{ name: 'own-require', transform: code => MADE_REQUIRE.test(code) ? code.replace(MADE_REQUIRE, '') : null }],
    onLog (_level, { message }) { throw new Error(message) }
  })
  const { output } = await build.generate({
    format: 'cjs',
    exports: 'named',
    entryFileNames: `${CODE}/[name].cjs`,
    chunkFileNames: `${CODE}/shared-[name].cjs`,
    codeSplitting: { groups }
  })
  return output
}

/** `require('fastsessions')` is the plugin, with everything else on it, as with the plugins of Fastify. */
const PLUGIN_IS_MODULE = 'module.exports = Object.assign(exports.default, exports)\n'

function sourceOf (root, name) {
  return [`lib/${name}.ts`, `lib/${name}/index.ts`].map(path => join(root, path)).find(existsSync)
}
