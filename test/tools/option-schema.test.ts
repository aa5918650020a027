import { Ajv, type ErrorObject } from 'ajv'
import fc from 'fast-check'
import t from 'tap'
import { lifetimeSchema, optionsSchema, routeSchema } from '../../lib/config/options-schema.ts'
import { optionsCheck } from '../../lib/tools/check-options.ts'
import { type OptionSchema, problemsOf } from '../../lib/tools/option-schema.ts'

const ajv = new Ajv({ allErrors: true, verbose: true, strictTypes: false, allowUnionTypes: true })

/** A schema with each keyword, and with what the schemas of the plugin have not. */
const everyKeyword: OptionSchema = {
  description: 'an object with a name',
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: { description: 'a name', type: 'string', minLength: 2, maxLength: 5, pattern: '^[a-z]*$' },
    size: { description: 'a size', type: ['number', 'null'], minimum: 1, maximum: 10 },
    half: { description: 'a half', type: 'number', exclusiveMinimum: 0, maximum: 1 },
    parts: { description: 'parts', type: 'array' },
    other: { description: 'something else', not: { type: ['string', 'number', 'boolean', 'null', 'array', 'object'] } },
    inner: {
      description: 'text or an object',
      anyOf: [{ type: 'string' }, { type: 'object', additionalProperties: false, properties: { deep: { description: 'deep', enum: [1, 'a', null] } } }]
    }
  }
}

const schemas: Readonly<Record<string, OptionSchema>> = {
  options: optionsSchema as OptionSchema, route: routeSchema, lifetime: lifetimeSchema, 'every keyword': everyKeyword
}

const values: readonly unknown[] = [
  undefined, null, true, false, 0, 1, 0.5, -1, 5, 11, 1e21, NaN, Infinity, '', 'a', 'ab', 'abcdef', 'AB', 'lax', '30m', '/', 'x\u0000', 10n, Symbol('s'),
  () => {}, [], [1], {}, { deep: 1 }, { deep: 2 }, { depp: 1 }, { secure: 'auto', path: 'x' }, { name: '__Host-a b', domian: 'x' }, Object.create({ inherited: 1 }),
  new Date(0), new Map(), Buffer.from('x'), { required: 'user' }, { autoload: 1, requird: true }
]

/** What Ajv says, in the words of `optionsCheck`. */
function messageByAjv (schema: OptionSchema, value: unknown): string | null {
  const validate = ajv.compile(schema)
  if (validate(value)) return null
  const errors = validate.errors as ErrorObject[]
  const depthOf = ({ instancePath, keyword }: ErrorObject) => instancePath.split('/').length + (keyword === 'additionalProperties' ? 1 : 0)
  const deepest = errors.reduce((best, error) => depthOf(error) > depthOf(best) ? error : best)
  const pathOf = ({ instancePath }: ErrorObject) => instancePath.slice(1).replaceAll('/', '.')
  if (deepest.keyword === 'additionalProperties') {
    return errors.filter(({ keyword }) => keyword === 'additionalProperties')
      .map(error => `Unknown ${[...pathOf(error) === '' ? [] : [pathOf(error)], String(error.params['additionalProperty'])].join('.')}`).join()
  }
  const whole = errors.find(({ keyword, instancePath }) => keyword === 'anyOf' && instancePath === deepest.instancePath) ?? deepest
  return `Expected \`${pathOf(whole) || 'options'}\` to be ${String(whole.parentSchema!['description'])}, got`
}

function messageOf (schema: OptionSchema, value: unknown): string | null {
  try {
    optionsCheck(schema)(value, '')
    return null
  } catch (error) {
    const { message } = error as Error
    const unknown = [...message.matchAll(/Unknown option `([^`]*)`/g)].map(([, key]) => `Unknown ${key!}`)
    return unknown.length > 0 ? unknown.join() : message.slice(0, message.indexOf(', got') + ', got'.length)
  }
}

for (const [name, schema] of Object.entries(schemas)) {
  t.test(`${name}: what is refused, and why, is what Ajv says`, async t => {
    for (const value of values) t.equal(messageOf(schema, value), messageByAjv(schema, value), String(value))
    const keys = [...Object.keys({ ...schema.properties, ...schema.anyOf?.[1]?.properties, ...schema.properties?.['cookie']?.properties }), 'nmae', 'x']
    const value = fc.constantFrom(...values)
    const nested = fc.dictionary(fc.constantFrom(...keys), fc.oneof(value, fc.dictionary(fc.constantFrom(...keys, 'deep'), value, { maxKeys: 3 })), { maxKeys: 5 })
    fc.assert(fc.property(nested, given => messageOf(schema, given) === messageByAjv(schema, given)), { numRuns: 2_000 })
  })
}

t.test('NaN is outside of every limit, and a place without a type takes it', async t => {
  t.strictSame(problemsOf({ description: 'anything' }, NaN), [])
  for (const limit of [{ minimum: 0 }, { exclusiveMinimum: 0 }, { maximum: 0 }]) t.equal(problemsOf(limit, NaN).length, 1)
})

t.test('a value that matches has no problems, also where its keys are undefined or inherited', async t => {
  t.strictSame(problemsOf(everyKeyword, { name: 'ab', size: undefined, inner: { deep: null } }), [])
  t.strictSame(problemsOf(everyKeyword, Object.create({ name: 'ab' })), [])
  t.match(problemsOf(everyKeyword, Object.create({ name: 'ab', nmae: 1 })), [{ unknownKey: 'nmae', path: [] }])
})
