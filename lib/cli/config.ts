import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { SessionOptions } from '../../types/index.d.ts'
import { MAIN_PROPERTY } from '../backends/conventions.ts'
import { optionsSchema } from '../config/options-schema.ts'
import { CommandError, lineOf, UsageError } from './failures.ts'

const WHAT = 'the options that `register` takes: `export default { backend, … }`'
const KNOWN_OPTIONS = Object.keys(optionsSchema.properties!)

/**
 * The options that a module exports: an object, a function that returns them, or several registrations, as an array or by name.
 *
 * @param property which of several
 * @throws CommandError, UsageError
 */
export async function optionsIn (path: string, property: string | undefined): Promise<SessionOptions> {
  const registrations = await registrationsIn(path)
  const names = registrations.map(({ property = MAIN_PROPERTY }) => property).join(', ')
  const found = property === undefined
    ? registrations
    : registrations.filter(options => (options.property ?? MAIN_PROPERTY) === property)
  if (found.length === 1) return found[0]!
  if (found.length === 0) throw new CommandError(`${path} has no registration with the property ${property}; it has: ${names}`)
  if (property === undefined) throw new UsageError(`${path} has several registrations: say which with --property (${names})`)
  throw new CommandError(`${path} has ${found.length} registrations with the property ${property}; export one of them`)
}

async function registrationsIn (path: string): Promise<SessionOptions[]> {
  const exported = await resolved(path, exportedBy(await load(path)))
  if (exported === undefined) throw new CommandError(`${path} exports nothing; it must export ${WHAT}`)
  const several = severalIn(exported) ?? [exported]
  const registrations = await Promise.all(several.map(each => resolved(path, each)))
  if (registrations.length > 0 && registrations.every(isObject)) return registrations
  const wrong = registrations.find(each => !isObject(each))
  throw new CommandError(`${path} exports ${registrations.length === 0 ? 'an empty list' : kindOf(wrong)}; it must export ${WHAT}`)
}

async function load (path: string): Promise<Record<string, unknown>> {
  const file = resolve(path)
  const remedy = `--config and the like take the path of a module that exports ${WHAT}`
  if (!existsSync(file)) throw new CommandError(`there is no file ${path}; ${remedy}`)
  try {
    return await import(pathToFileURL(file).href)
  } catch (error) {
    throw new CommandError(`${path} cannot be loaded: ${lineOf(error)}`)
  }
}

/** The default export; else what is exported by name; `undefined` for a module without exports. */
function exportedBy (module: Record<string, unknown>): unknown {
  const { __esModule: _, default: main, 'module.exports': __, ...named } = module
  // Of CommonJS; `__esModule` says that a compiler has made it of ES modules.
  if (isObject(main) && '__esModule' in main) return exportedBy({ __esModule: true, ...main })
  const exported = main ?? (main === null ? null : named)
  // A CommonJS module without exports has an empty object as its default export.
  return isObject(exported) && Object.keys(exported).length === 0 ? undefined : exported
}

/** Several registrations: an array, or an object in which no key is an option. */
function severalIn (exported: unknown): unknown[] | undefined {
  if (Array.isArray(exported)) return exported
  if (!isObject(exported)) return undefined
  const mayBeOne = (value: unknown): boolean => isObject(value) || typeof value === 'function'
  const isNamed = Object.entries(exported).every(([name, value]) => !KNOWN_OPTIONS.includes(name) && mayBeOne(value))
  return isNamed ? Object.values(exported) : undefined
}

async function resolved (path: string, exported: unknown): Promise<unknown> {
  if (typeof exported !== 'function') return exported
  try {
    return await exported()
  } catch (error) {
    throw new CommandError(`the function that ${path} exports failed: ${lineOf(error)}`)
  }
}

function isObject (value: unknown): value is Record<string, unknown> & SessionOptions {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function kindOf (value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array in an array' : `a value of type ${typeof value}`
}
