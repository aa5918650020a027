/**
 * The peers that are ES modules. Node refuses to `require` an ES module which an `import()` beside has begun to load: a door loads
 * its peers before the CommonJS file asks for them.
 */
const ES_PEERS = ['kysely']

/**
 * The ES modules of the entry points. Each gives out what its CommonJS file has, so that there is one of everything however it is loaded.
 *
 * @param chunks texts of the CommonJS files by name
 * @returns texts by name of the file in dist
 */
export function entryFiles (chunks) {
  const entries = Object.entries(chunks).filter(([name]) => !name.startsWith('shared-'))
  return Object.fromEntries(entries.map(([name, code]) => [name.replace(/cjs$/, 'js'), doorOf(name, code)]))
}

function doorOf (name, code) {
  const exported = [...code.matchAll(/^exports\.(\w+) = /gm)].map(([, key]) => key)
  const names = exported.filter(key => key !== 'default')
  const peers = ES_PEERS.filter(peer => code.includes(`require("${peer}")`))
  return [
    ...peers.map(peer => `import '${peer}'`),
    `import all from './${name}'`,
    `export const { ${names.join(', ')} } = all`,
    ...exported.length > names.length ? ['export default all'] : [],
    ''
  ].join('\n')
}
