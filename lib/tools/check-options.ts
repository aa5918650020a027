import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import leven from 'leven'
import { InvalidOptionsError } from '../errors.ts'

const ajv = new Ajv({ allErrors: true, verbose: true, strictTypes: false, allowUnionTypes: true })
const MAX_SHOWN = 60
/** Where a secret belongs, or ends up when it is given as the only argument. */
const SECRET_PATH = /^(?:secret(?:\.|$)|options$)/
/** `redis://user:password@host` in the place of a client. */
const CREDENTIALS = /:\/\/.*@/s

/** Makes a secret on any machine that has Node. */
export const SECRET_RECIPE = 'node -p "crypto.randomBytes(32).toString(\'base64\')"'

/** A check of options against a JSON Schema, compiled at its first use. */
export function optionsCheck (schema: object): (options: unknown, path: string) => void {
  let validate: ValidateFunction | undefined
  return (options, path) => {
    validate ??= ajv.compile(schema)
    if (!validate(options)) throw fromAjv(validate.errors!, path)
  }
}

/** The error of all checks: path, expectation, value, and what to do. No value that may be a secret is shown. */
export function unexpected (path: string, expectation: string, value: unknown, remedy = ''): InvalidOptionsError {
  return new InvalidOptionsError(`Expected \`${path}\` to be ${expectation}, got ${show(path, value)}${remedy && `; ${remedy}`}`)
}

/** No secret where one is needed. */
export function missingSecret (user: string): InvalidOptionsError {
  return unexpected('secret', 'at least 32 random bytes', undefined, `${user} needs it: ${SECRET_RECIPE}`)
}

function fromAjv (errors: readonly ErrorObject[], root: string): InvalidOptionsError {
  // Alternatives report each of their branches: the one that went deepest knows best, then the alternative itself.
  const deepest = errors.reduce((best, error) => depthOf(error) > depthOf(best) ? error : best)
  const alternative = errors.find(({ keyword, instancePath }) => keyword === 'anyOf' && instancePath === deepest.instancePath)
  const error = deepest.keyword === 'additionalProperties' ? deepest : alternative ?? deepest
  const path = [...(root === '' ? [] : [root]), ...error.instancePath.split('/').slice(1)].join('.')
  if (error.keyword === 'additionalProperties') {
    return unknownKey(path, String(error.params['additionalProperty']), Object.keys(error.parentSchema!['properties'] as object))
  }
  return unexpected(path || 'options', String(error.parentSchema!['description']), error.data)
}

function depthOf ({ instancePath, keyword }: ErrorObject): number {
  return instancePath.split('/').length + (keyword === 'additionalProperties' ? 1 : 0)
}

function unknownKey (path: string, key: string, known: readonly string[]): InvalidOptionsError {
  const distance = (name: string) => leven(name.toLowerCase(), key.toLowerCase())
  const nearest = known.reduce((best, name) => distance(name) < distance(best) ? name : best)
  const full = path === '' ? key : `${path}.${key}`
  return new InvalidOptionsError(`Unknown option \`${full}\`; the nearest known one is \`${path === '' ? '' : `${path}.`}${nearest}\``)
}

// Options may come from parsed text: `constructor` may be anything.
function classOf (value: object): string {
  const { constructor }: { constructor?: unknown } = value
  return typeof constructor === 'function' ? String(constructor.name) : 'no class'
}

function show (path: string, value: unknown): string {
  const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
  if (value === null || value === undefined) return String(value)
  if (SECRET_PATH.test(path) || (typeof value === 'string' && CREDENTIALS.test(value))) return `a value of type ${type}`
  if (typeof value === 'string') return `${JSON.stringify(value.slice(0, MAX_SHOWN))} (string)`
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return `${value} (${type})`
  if (typeof value === 'object' && !Array.isArray(value)) return `an object of ${classOf(value)}`
  return `a value of type ${type}`
}
