import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { versions } from './versions.js'

const folder = new URL('results/', import.meta.url)
const partial = new URL('partial/', folder)

/** Writes results/NAME.json, or results/partial/NAME.json for a run of less. */
export function save (name, result, isWhole) {
  const target = isWhole ? folder : partial
  mkdirSync(target, { recursive: true })
  const file = new URL(`${name}.json`, target)
  writeFileSync(file, toText(result))
  return file
}

/** What the last whole run wrote, or `undefined`. Figures of another version say nothing about this one: `undefined`, too. */
export function read (name) {
  try {
    const result = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
    return result.versions.fastsessions === versions().fastsessions ? result : undefined
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

// Figures that belong together stay on one line.
function toText (result) {
  return JSON.stringify(result, null, 2).replace(/[[{]\s+("\w+": )?-?[\d.]+(e[+-]?\d+)?(,\s+("\w+": )?-?[\d.]+(e[+-]?\d+)?)*\s+[\]}]/g, found => found.replace(/\s+/g, ' ')) + '\n'
}
