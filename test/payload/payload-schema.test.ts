import t from 'tap'
import { Type } from 'typebox'
import { MemoryBackend } from '../../lib/index.ts'
import { compilePayloadSchema } from '../../lib/payload/payload-schema.ts'
import { SECRET } from '../helpers/app.ts'
import { appWith, refusalOf, show, store } from '../helpers/config.ts'
import { cookieOf } from '../helpers/cookies.ts'

const schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    user: { type: 'object', required: ['id'], properties: { id: { type: 'integer' }, mail: { type: 'string', format: 'email' } } },
    list: { type: 'array', items: { type: 'object', properties: { price: { type: 'number', default: 5 } } } }
  }
}

t.test('no schema is no check', async t => {
  t.equal(compilePayloadSchema(undefined), null)
})

t.test('an objection names the path and what was expected', async t => {
  const { problem } = compilePayloadSchema(schema)!
  t.equal(problem({}), null)
  for (const [data, path, expectation] of [
    [{ user: {} }, 'session.user', 'must have required property \'id\''],
    [{ user: { id: 'x' } }, 'session.user.id', 'must be integer'],
    [{ user: { id: 1, mail: 'x' } }, 'session.user.mail', 'must match format "email"'],
    [{ list: [{}, { price: '5' }] }, 'session.list[1].price', 'must be number'],
    [{ other: 1 }, 'session', 'must NOT have additional properties (it has `other`)']
  ] as const) {
    t.match(problem(data), { code: 'SES_INVALID_DATA', path, detail: `The data of the session do not match the schema: \`${path}\` ${expectation}` })
  }
})

t.test('nothing is coerced, defaulted or removed', async t => {
  const { problem } = compilePayloadSchema({ ...schema, additionalProperties: true })!
  const data = { list: [{}], other: 1 }
  t.equal(problem(data), null)
  t.strictSame(data, { list: [{}], other: 1 })
  t.equal(problem({ user: { id: '1' } })!.path, 'session.user.id')
})

t.test('the 2020-12 dialect works, with unevaluatedProperties', async t => {
  const { problem } = compilePayloadSchema({
    $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', allOf: [{ properties: { a: {} } }], unevaluatedProperties: false
  })!
  t.equal(problem({ a: 1 }), null)
  t.match(problem({ b: 1 }), { detail: /\(it has `b`\)/ })
})

t.test('two registrations may use one schema with an $id', async t => {
  const named = { $id: 'payload', type: 'object' }
  t.doesNotThrow(() => [compilePayloadSchema(named), compilePayloadSchema(named)])
})

for (const [name, bad, message] of [
  ['a type that is none', { type: 'objekt' }, /^Expected `schema` to be a JSON Schema that compiles, but schema is invalid/],
  ['a keyword that is none', { propertys: {} }, /strict mode: unknown keyword: "propertys"/],
  ['a reference to nowhere', { $ref: '#/nowhere' }, /can't resolve reference #\/nowhere/],
  ['a dialect that is not known', { $schema: 'http://json-schema.org/draft-04/schema#' }, /no schema with key or ref/],
  ['an asynchronous schema', { $async: true, type: 'object' }, /an asynchronous schema \(\$async\) cannot check a session/],
  ['what is no schema', 'object', /^Expected `schema` to be a JSON Schema of the payload, got "object" \(string\)/]
] as const) {
  t.test(`${name} is refused at registration`, async t => {
    t.match(await refusalOf({ secret: SECRET, schema: bad }), { name: 'InvalidOptionsError', code: 'SES_INVALID_OPTIONS', message })
  })
}

t.test('the cause of a schema that does not compile is kept', async t => {
  const error = await refusalOf({ secret: SECRET, schema: { type: 'objekt' } })
  t.match(error.cause, { message: /schema is invalid/ })
})

t.test('a schema may name a member of the session', async t => {
  const app = await appWith(t, { backend: new MemoryBackend(), schema: { properties: { id: { type: 'integer' } }, additionalProperties: false } })
  const cookie = await store(app, { id: 1 })
  t.equal((await app.inject({ method: 'POST', url: '/', payload: { id: 'x' }, headers: { cookie } })).json().code, 'SES_INVALID_DATA')
})

t.test('a TypeBox schema is a schema: what fits is stored, what does not is a 500 and changes nothing', async t => {
  const backend = new MemoryBackend()
  const app = await appWith(t, {
    backend, schema: Type.Object({ theme: Type.Optional(Type.Union([Type.Literal('dark'), Type.Literal('light')])), visits: Type.Optional(Type.Integer()) }, { additionalProperties: false })
  })
  const cookie = await store(app, { theme: 'dark', visits: 1 })
  for (const payload of [{ visits: 'two' }, { theme: 'blue' }, { other: 1 }]) {
    const response = await app.inject({ method: 'POST', url: '/', payload, headers: { cookie } })
    t.equal(response.statusCode, 500)
    t.match(response.json(), { code: 'SES_INVALID_DATA', message: 'The data of the session do not match the schema' })
  }
  t.strictSame((await show(app, cookie)).json(), { theme: 'dark', visits: 1 })
  const refusedAtOnce = await app.inject({ method: 'POST', url: '/', payload: { visits: 'two' } })
  t.equal(cookieOf(refusedAtOnce), '')
  t.equal(await app.sessions.count(), 1)
})

t.test('data of this schemaVersion are not checked on load', async t => {
  const backend = new MemoryBackend()
  const cookie = await store(await appWith(t, { backend }), { visits: 'two' })
  const app = await appWith(t, { backend, schema: { type: 'object', properties: { visits: { type: 'integer' } } } })
  t.strictSame((await show(app, cookie)).json(), { visits: 'two' })
})
