// Adds the round of a module to the modules that it imports, so that each round loads fresh modules; tests get the worker's tap.
const tap = new URL('./tap.js', import.meta.url).href

export async function resolve (specifier, context, next) {
  const round = /\?round=\d+$/.exec(context.parentURL ?? '')?.[0]
  if (round === undefined) return next(specifier, context)
  if (specifier === 'tap') return { url: tap, shortCircuit: true }
  const resolved = await next(specifier, context)
  return /^\.\.?\//.test(specifier) ? { ...resolved, url: resolved.url + round } : resolved
}
