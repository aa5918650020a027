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
  const [main] = await chunksOf(root, ['index'], [])
  // Who imports `fastsessions` loads nothing that only the other entry points have in common.
  const isInMain = id => main.moduleIds.includes(id)
  const library = await chunksOf(root, names, [
    { name: 'core', test: isInMain, minShareCount: 2, priority: 2 },
    { name: 'more', test: id => !isInMain(id), minShareCount: 2, priority: 1 }
  ])
  // A file goes where it was without the programs; what others need comes first, since a group takes along what its files import.
  const groups = library.map(({ name, moduleIds }) => ({ name, test: id => moduleIds.includes(id), minShareCount: 2, priority: name === 'core' ? 2 : 1 }))
  const output = await chunksOf(root, [...names, ...programs], [...groups, { name: 'program', minShareCount: 2 }])
  return Object.fromEntries(output.map(({ fileName, code }) => [fileName, fileName === `${CODE}/index.cjs` ? code + PLUGIN_IS_MODULE : code]))
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
