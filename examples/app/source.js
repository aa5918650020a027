import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../../', import.meta.url)

/** The files that the demo shows: its own, and the documents. */
const files = new Set([
  'README.md', 'CHANGELOG.md',
  ...readdirSync(new URL('docs/', root)).filter(name => name.endsWith('.md')).map(name => `docs/${name}`),
  ...readdirSync(new URL('examples/app/', root), { recursive: true }).map(name => `examples/app/${name.replaceAll('\\', '/')}`).filter(name => /\.(?:js|json|css)$/.test(name))
])

/** The lines of a file, or `undefined` for a file that is not shown. */
export function linesOf (file) {
  return files.has(file) ? readFileSync(new URL(file, root), 'utf8').trimEnd().split('\n') : undefined
}

/** Notes for each route where it is written: `request.routeOptions.config.source` is `{ file, line }`. */
export function noteSources (app) {
  app.addHook('onRoute', route => { route.config = { ...route.config, source: callerOf() } })
}

function callerOf () {
  const [, path, line] = new Error().stack.split('\n').slice(3).map(frame => /(file:\/\/.*examples\/app\/.*\.js):(\d+)/.exec(frame)).find(Boolean) ?? []
  return path && { file: `examples/app/${fileURLToPath(path).replaceAll('\\', '/').split('/examples/app/').at(-1)}`, line: Number(line) }
}
