import { CODE } from './bundle.js'

/**
 * The files of the entry points. CommonJS and ES modules give out what the same file of code has, so that there is one of everything
 * however it is loaded.
 *
 * @param chunks texts of the code by name of the file in dist
 * @returns texts by name of the file in dist
 */
export function entryFiles (chunks) {
  const files = {}
  for (const [path, code] of Object.entries(chunks)) {
    const name = path.slice(`${CODE}/`.length, -'.cjs'.length)
    if (name.startsWith('shared-')) continue
    files[`${name}.cjs`] = commonjs(path)
    files[`${name}.js`] = esm(name, [...code.matchAll(/^exports\.(\w+) = /gm)].map(([, key]) => key))
  }
  return files
}

/**
 * Before Node runs a CommonJS file that an ES module imports, it reads the text for names of exports, and that of files which the text
 * gives out by `module.exports = require(…)`. To read all the code takes longer than to run it: so this file is short, and says it in
 * two statements.
 */
function commonjs (path) {
  return `const all = require('./${path}')\nmodule.exports = all\n`
}

function esm (name, exported) {
  const names = exported.filter(key => key !== 'default')
  return [
    `import all from './${name}.cjs'`,
    `export const { ${names.join(', ')} } = all`,
    ...exported.length > names.length ? ['export default all'] : [],
    ''
  ].join('\n')
}
