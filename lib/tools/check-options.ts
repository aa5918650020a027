import { InvalidOptionsError } from '../errors.ts'
import { distance } from './distance.ts'
import { depthOf, type OptionSchema, type Problem, problemsOf } from './option-schema.ts'

/** What to say of unknown keys, by their full path. */
type Hints = Readonly<Record<string, string>>

const MAX_SHOWN = 60
/**
 * Paths at which a secret may stand: the option itself, one of a reader or a layout (`fromIronSession.password`), or all options where
 * a secret is passed in the place of the object.
 */
const SECRET_PATH = /^(?:(?:layout\.)?(?:cookieS|s)ecret(?:\.|$)|options$|layout$|from[A-Z]\w*(?:$|\.(?:secret|key|password|salt)(?:\.|$)))/
/** Text such as `redis://user:password@host`, which an application passed as a client. */
const CREDENTIALS = /:\/\/.*@/s

/** A command that prints a new secret. */
export const SECRET_RECIPE = 'node -p "crypto.randomBytes(32).toString(\'base64\')"'

/**
 * Makes a check of options against a JSON Schema. Each part of the schema needs a `description`, to stand after "to be" in messages.
 *
 * @returns a function that throws `InvalidOptionsError`; `path` is the name of the options in messages, `''` for none
 * @example
 * const check = optionsCheck({ description: 'a number', type: 'number' })
 * check('five', 'size') // Expected `size` to be a number, got "five" (string)
 */
export function optionsCheck (schema: OptionSchema, hints: Hints = {}): (options: unknown, path: string) => void {
  return (options, path) => {
    const problems = problemsOf(schema, options)
    if (problems.length > 0) throw errorOf(problems, path, hints)
  }
}

/**
 * The error of an option with a wrong value. The message has the path, the expectation, the value and a remedy, but never a
 * value that may be a secret (docs/security.md C141).
 *
 * @example
 * unexpected('now', 'a function', 5) // Expected `now` to be a function, got 5 (number)
 */
export function unexpected (path: string, expectation: string, value: unknown, remedy = ''): InvalidOptionsError {
  return new InvalidOptionsError(`Expected \`${path}\` to be ${expectation}, got ${show(path, value)}${remedy && `; ${remedy}`}`)
}

/** The error of a missing `secret`. `user` is the feature that needs a secret, such as `encrypt`. */
export function missingSecret (user: string): InvalidOptionsError {
  return unexpected('secret', 'at least 32 random bytes', undefined, `${user} needs it: ${SECRET_RECIPE}`)
}

function errorOf (problems: readonly Problem[], root: string, hints: Hints): InvalidOptionsError {
  // The deepest mistake is the most exact.
  const deepest = problems.reduce((best, problem) => depthOf(problem) > depthOf(best) ? problem : best)
  if (deepest.unknownKey === null) return unexpected(pathOf(deepest, root) || 'options', String(deepest.schema.description), deepest.value)
  return new InvalidOptionsError(problems.flatMap(problem => unknownKey(problem, root, hints)).join('. '))
}

function pathOf ({ path }: Problem, root: string): string {
  return [...(root === '' ? [] : [root]), ...path].join('.')
}

/** What is to say of an unknown key; nothing where the problem is a different one. */
function unknownKey (problem: Problem, root: string, hints: Hints): string[] {
  const key = problem.unknownKey
  if (key === null) return []
  const path = pathOf(problem, root)
  const prefix = path === '' ? '' : `${path}.`
  const hint = Object.hasOwn(hints, prefix + key) ? hints[prefix + key] : undefined
  const nearest = nearestTo(key, Object.keys(problem.schema.properties!))
  const remedy = hint ?? (nearest === undefined ? '' : `the nearest known one is \`${prefix}${nearest}\``)
  return [`Unknown option \`${prefix}${key}\`${remedy && `; ${remedy}`}`]
}

/** A name that begins like the key, or differs by a slip of the pen: in a third of the characters of the key at most. */
function nearestTo (key: string, known: readonly string[]): string | undefined {
  const wanted = key.toLowerCase()
  const unlikeness = (name: string) => name.toLowerCase().startsWith(wanted) ? 0 : distance(name.toLowerCase(), wanted)
  const nearest = known.reduce((best, name) => unlikeness(name) < unlikeness(best) ? name : best)
  return unlikeness(nearest) <= key.length * 0.4 ? nearest : undefined
}

/** Options may come from parsed JSON, in which `constructor` may be any value. */
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

/** Whether a value is an object with all of these methods. */
export function hasMethods (value: unknown, names: readonly string[]): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  return names.every(name => typeof (value as Record<string, unknown>)[name] === 'function')
}
