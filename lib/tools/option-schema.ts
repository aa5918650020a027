// The part of JSON Schema in which options are described. A full validator takes most of the time that importing this package would
// take, and compiles what is checked once.

type TypeName = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'array' | 'object'

/** A JSON Schema with the keywords that `problemsOf` knows: a different one is a compile error where the schema is written. */
export interface OptionSchema {
  readonly $id?: string
  readonly title?: string
  /** Stands after "to be" in messages. A branch of `anyOf` needs none: messages have that of the whole. */
  readonly description?: string
  /** For readers of the schema. Nothing is filled in. */
  readonly default?: unknown
  readonly type?: TypeName | readonly TypeName[]
  readonly enum?: readonly unknown[]
  readonly not?: OptionSchema
  readonly anyOf?: readonly OptionSchema[]
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly required?: readonly string[]
  readonly additionalProperties?: false
  readonly properties?: Readonly<Record<string, OptionSchema>>
}

/** A value that does not match, or a key that the schema does not have. */
export interface Problem {
  /** The keys that lead to the value, or to the object that has the key. */
  readonly path: readonly string[]
  readonly schema: OptionSchema
  readonly value: unknown
  readonly unknownKey: string | null
}

/** What is wrong with a value, outside before inside, and unknown keys first; nothing where it matches. */
export function problemsOf (schema: OptionSchema, value: unknown, path: readonly string[] = []): Problem[] {
  const own: Problem = { path, schema, value, unknownKey: null }
  if (!isOfTypes(schema.type, value) || !isWithin(schema, value)) return [own]
  if (schema.not !== undefined && problemsOf(schema.not, value).length === 0) return [own]
  const branches = schema.anyOf?.map(branch => problemsOf(branch, value, path)) ?? []
  // Where a branch got deeper into the value, the mistake is there; else it is none of the branches.
  if (branches.length > 0 && !branches.some(({ length }) => length === 0)) return [own, ...branches.flat().filter(isDeeperThan(own))]
  return isObject(value) ? problemsInside(schema, value, own) : []
}

/** How far inside the problem is: an unknown key counts as a place of its own. */
export function depthOf ({ path, unknownKey }: Problem): number {
  return path.length + (unknownKey === null ? 0 : 1)
}

function isDeeperThan (problem: Problem): (other: Problem) => boolean {
  return other => depthOf(other) > depthOf(problem)
}

function problemsInside ({ required = [], additionalProperties, properties = {} }: OptionSchema, value: object, own: Problem): Problem[] {
  const values = value as Readonly<Record<string, unknown>>
  const problems = required.some(key => values[key] === undefined) ? [own] : []
  if (additionalProperties === false) {
    // Inherited keys count: options may be an instance of a class.
    for (const key in values) if (!Object.hasOwn(properties, key)) problems.push({ ...own, unknownKey: key })
  }
  for (const [key, schema] of Object.entries(properties)) {
    if (values[key] !== undefined) problems.push(...problemsOf(schema, values[key], [...own.path, key]))
  }
  return problems
}

function isOfTypes (types: OptionSchema['type'], value: unknown): boolean {
  if (types === undefined) return true
  return typeof types === 'string' ? isOfType(types, value) : types.some(type => isOfType(type, value))
}

function isOfType (type: TypeName, value: unknown): boolean {
  switch (type) {
    case 'null': return value === null
    case 'array': return Array.isArray(value)
    case 'object': return isObject(value)
    case 'integer': return Number.isInteger(value)
    case 'number': return Number.isFinite(value)
    case 'string': return typeof value === 'string'
    case 'boolean': return typeof value === 'boolean'
  }
}

function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a value keeps the limits that the schema sets for its type. */
function isWithin (schema: OptionSchema, value: unknown): boolean {
  if (schema.enum !== undefined && !schema.enum.includes(value)) return false
  if (typeof value === 'number') return isInRange(schema, value)
  return typeof value !== 'string' || isText(schema, value)
}

// NaN is outside of every limit, and no type says of a value without limits that it must be a number.
function isInRange ({ minimum, exclusiveMinimum, maximum }: OptionSchema, value: number): boolean {
  return (minimum === undefined || value >= minimum) &&
    (exclusiveMinimum === undefined || value > exclusiveMinimum) &&
    (maximum === undefined || value <= maximum)
}

function isText ({ minLength = 0, maxLength = Infinity, pattern = '' }: OptionSchema, value: string): boolean {
  return value.length >= minLength && value.length <= maxLength && new RegExp(pattern, 'u').test(value)
}
