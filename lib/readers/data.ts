import sjson from 'secure-json-parse'
import { MAX_DEPTH } from '../record/depth.ts'

export type Data = Record<string, unknown>

/**
 * The data that a JSON text holds; `null` for text that is no JSON object, that would change prototypes, or that is nested more deeply
 * than a session may be.
 */
export function dataIn (text: string): Data | null {
  const value: unknown = sjson.safeParse(text)
  return isData(value) && !isDeeperThan(value, MAX_DEPTH) ? value : null
}

/** The data of an object in memory, as a store would keep and return them; `null` where there are none. */
export function dataOf (object: unknown): Data | null {
  try {
    return dataIn(JSON.stringify(object))
  } catch {
    // A cycle, or a value that JSON has no text for.
    return null
  }
}

export function isData (value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isDeeperThan (value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some(inner => isDeeperThan(inner, levels - 1))
}
