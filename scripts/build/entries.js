import { CODE } from './bundle.js'

/**
 * The peers that are ES modules. Node refuses to `require` an ES module which an `import()` beside has begun to load: a door loads
 * its peers before the CommonJS file asks for them.
 */
const ES_PEERS = ['kysely']

/**
 * The files of the entry points. CommonJS and ES modules give out what the same file of code has, so that there is one of everything
 * however it is loaded.
 *
 * @param chunks texts of the code by name of the file in dist
 * @param names of the entry points
 * @returns texts by name of the file in dist
 */
export function entryFiles (chunks, names) {
  const files = {}
  for (const name of names) {
    const path = `${CODE}/${name}.cjs`
    files[`${name}.cjs`] = commonjs(path)
    files[`${name}.js`] = esm(name, chunks[path], chunks)
  }
  return files
}

/**
 * The files that package.json names in `bin`. Each runs what its code exports as `main`.
 *
 * @returns texts by name of the file in dist
 */
export function programFiles (names) {
  return Object.fromEntries(names.map(name => [`${name}.cjs`, `#!/usr/bin/env node\nrequire('./${CODE}/${name}.cjs').main()\n`]))
}

/**
 * Before Node runs a CommonJS file that an ES module imports, it reads the text for names of exports, and that of files which the text
 * gives out by `module.exports = require(…)`. To read all the code takes longer than to run it: so this file is short, and says it in
 * two statements.
 */
function commonjs (path) {
  return `const all = require('./${path}')\nmodule.exports = all\n`
}

function esm (name, code, chunks) {
  const exported = [...code.matchAll(/^exports\.(\w+) = /gm)].map(([, key]) => key)
  const names = exported.filter(key => key !== 'default')
  const loaded = [code, ...loadedBy(code, chunks)]
  return [
    ...ES_PEERS.filter(peer => loaded.some(code => code.includes(`require("${peer}")`))).map(peer => `import '${peer}'`),
    `import all from './${name}.cjs'`,
    `export const { ${names.join(', ')} } = all`,
    ...exported.length > names.length ? ['export default all'] : [],
    ''
  ].join('\n')
}

/** The texts of the shared files that a file loads at its start. */
function loadedBy (code, chunks) {
  return [...code.matchAll(/^(?:const \w+ = )?require\("\.\/(shared-[\w-]+\.cjs)"\)/gm)].map(([, file]) => chunks[`${CODE}/${file}`])
}
