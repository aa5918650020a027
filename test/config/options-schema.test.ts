import { Ajv } from 'ajv'
import t from 'tap'
import { optionsSchema } from '../../lib/index.ts'
import { lifetimeSchema, routeSchema } from '../../lib/config/options-schema.ts'
import type { OptionSchema } from '../../lib/tools/option-schema.ts'

t.test('the schemas are valid, and compile in strict mode', async t => {
  const ajv = new Ajv({ strict: true, strictTypes: false, allowUnionTypes: true })
  for (const schema of [optionsSchema, routeSchema, lifetimeSchema]) {
    t.ok(ajv.validateSchema(schema))
    t.type(ajv.compile(schema), 'function')
  }
})

t.test('every part says what it should be, since messages quote it', async t => {
  const visit = (node: OptionSchema, path: string): void => {
    t.type(node.description, 'string', path)
    for (const [key, child] of Object.entries(node.properties ?? {})) visit(child, `${path}.${key}`)
  }
  visit(optionsSchema, 'options')
  visit(lifetimeSchema, 'lifetime')
})

t.test('the options are those of the documentation', async t => {
  const { properties } = optionsSchema
  t.strictSame(Object.keys(properties!).sort(), [
    'about', 'absoluteTimeout', 'autoload', 'backend', 'cacheBytes', 'cookie', 'encrypt', 'exclude', 'idleTimeout',
    'maxSessionsPerSubject', 'migrate', 'migrateFrom', 'now', 'onConflict', 'onLimit', 'onTheft', 'onUnavailable', 'property', 'renewAfter', 'renewSecretEvery', 'schema',
    'schemaVersion', 'secret', 'seenEvery', 'serializer', 'subject', 'timeout'
  ])
  t.strictSame(Object.keys(properties!['cookie']!.properties!).sort(), [
    'domain', 'httpOnly', 'name', 'partitioned', 'path', 'persistent', 'priority', 'sameSite', 'secure'
  ])
})

t.test('defaults that the schema states are valid by it', async t => {
  const ajv = new Ajv({ strictTypes: false, allowUnionTypes: true })
  const visit = ({ properties = {} }: OptionSchema): void => {
    for (const [key, child] of Object.entries(properties)) {
      if (child.default !== undefined) t.ok(ajv.validate(child, child.default), key)
      visit(child)
    }
  }
  visit(optionsSchema)
})
