// What is installed, and what has to be. Needs nothing but Node: it runs before anything is installed.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The packages of a lock file, or of the note that npm leaves in node_modules: `{ [path]: { version, … } }`. */
export function packagesOf (file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages
}

/** Whether node_modules has these packages, whoever installed them: npm notes there what it did, when it is done. */
export function areInstalled (root, wanted) {
  const note = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(note)) return false
  const installed = packagesOf(note)
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    // The first is the package itself; an optional one may be for another platform.
    if (path === '' || (optional && !(path in installed))) return true
    return installed[path]?.version === version && installed[path].integrity === integrity && existsSync(join(root, path))
  })
}

/** The names of the packages that the examples need: those of the library, Fastify, the bundler, and the drivers of a backend. */
export function namesForDemo (root, backend) {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const drivers = JSON.parse(readFileSync(join(root, 'examples', 'app', 'drivers.json'), 'utf8'))
  // Drivers that are there stay: who switches between backends does not install them again and again.
  const present = Object.values(drivers).flat().filter(name => existsSync(join(root, 'node_modules', name)))
  const asked = Object.hasOwn(drivers, backend) ? drivers[backend] : []
  return [...new Set([...Object.keys(dependencies), 'fastify', '@fastify/formbody', 'typebox', 'rolldown', ...asked, ...present])]
}

/** The part of a lock file that these packages need, as npm has placed it. */
export function partOf (packages, names) {
  const part = {}
  for (const name of names) add(name, '')
  return part

  function add (name, from) {
    const path = placeOf(name, from)
    if (path === undefined || path in part) return
    // Whether it is for development was said of another root.
    const { dev, devOptional, peer, ...entry } = packages[path]
    part[path] = entry
    const { dependencies, optionalDependencies, peerDependencies = {}, peerDependenciesMeta = {} } = entry
    const peers = Object.keys(peerDependencies).filter(peer => !peerDependenciesMeta[peer]?.optional)
    for (const next of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) add(next, path)
  }

  /** As Node looks: in the package's own node_modules first, then further out. */
  function placeOf (name, from) {
    for (let folder = from; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('/node_modules/'), 0))) {
      const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`
      if (path in packages) return path
      if (folder === '') return undefined
    }
  }
}
