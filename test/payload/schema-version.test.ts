import t, { type Test } from 'tap'
import type { SessionOptions } from '../../lib/index.ts'
import { appWith, show, store } from '../helpers/config.ts'
import { cookieOf } from '../helpers/cookies.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'

const schema = { type: 'object', required: ['names'], properties: { names: { type: 'array' } } }
const migrate = ({ name }: Record<string, unknown>, fromVersion: number) => ({ names: [name, fromVersion] })

/** A session that a first deployment has stored, and a second deployment on the same store. */
async function deployed (t: Test, first: SessionOptions, data: object, second: SessionOptions) {
  const backend = new MinimalBackend()
  const cookie = await store(await appWith(t, { ...first, backend }), data)
  return { backend, cookie, before: backend.only, app: await appWith(t, { ...second, backend }) }
}

t.test('older data are migrated on load, told from which version', async t => {
  const { app, cookie } = await deployed(t, {}, { name: 'Ada' }, { schemaVersion: 3, schema, migrate })
  t.strictSame((await show(app, cookie)).json(), { names: ['Ada', 1] })
})

t.test('migrated data are written with the next change only, under the new version', async t => {
  const { app, backend, before, cookie } = await deployed(t, {}, { name: 'Ada' }, { schemaVersion: 2, schema, migrate })
  await show(app, cookie)
  t.strictSame(backend.only, before)
  await app.inject({ method: 'POST', url: '/', payload: { more: 1 }, headers: { cookie } })
  t.match(backend.only, { schemaVersion: 2, data: '{"names":["Ada",1],"more":1}' })
})

t.test('older data that fit need no migration', async t => {
  const { app, cookie } = await deployed(t, {}, { names: [] }, { schemaVersion: 2, schema })
  t.strictSame((await show(app, cookie)).json(), { names: [] })
})

const hopeless: Array<[string, SessionOptions]> = [
  ['does not fit and cannot be migrated', { schema }],
  ['does not fit after the migration', { schema, migrate: () => ({ names: 5 }) }],
  ['makes the migration throw', { migrate: () => { throw new Error('on purpose') } }],
  ['is migrated to no object', { migrate: () => null as never }],
  ['is migrated to an array', { migrate: () => [] as never }],
  ['is migrated by a promise', { migrate: (async () => ({ names: [] })) as never }],
  ['is migrated to what cannot be stored', { migrate: () => ({ names: [1n] }) }]
]

for (const [name, options] of hopeless) {
  t.test(`an older session that ${name} starts over`, async t => {
    const { app, cookie } = await deployed(t, {}, { name: 'Ada' }, { schemaVersion: 2, ...options })
    const response = await show(app, cookie)
    t.strictSame([response.statusCode, response.json(), cookieOf(response)], [200, {}, ''])
    const changed = await app.inject({ method: 'POST', url: '/', payload: { names: ['new'] }, headers: { cookie } })
    t.not(cookieOf(changed), '')
    t.not(cookieOf(changed), cookie, 'under an id of its own')
  })
}

t.test('a migration cannot smuggle in a member', async t => {
  const { app, cookie } = await deployed(t, {}, { name: 'Ada' }, { schemaVersion: 2, migrate: data => ({ ...data, id: 'mine' }) })
  t.strictSame((await show(app, cookie)).json(), { name: 'Ada' })
})

t.test('newer data that fit are used and keep their version', async t => {
  const { app, backend, cookie } = await deployed(t, { schemaVersion: 5 }, { names: [] }, { schemaVersion: 2, schema, migrate })
  t.strictSame((await show(app, cookie)).json(), { names: [] })
  await app.inject({ method: 'POST', url: '/', payload: { more: 1 }, headers: { cookie } })
  t.match(backend.only, { schemaVersion: 5, data: '{"names":[],"more":1}' })
})

t.test('newer data that do not fit count as unavailable and are never overwritten', async t => {
  for (const onUnavailable of ['error', 'anonymous'] as const) {
    const { app, backend, before, cookie } = await deployed(t, { schemaVersion: 5 }, { v5: true }, { schema, onUnavailable })
    const status = onUnavailable === 'error' ? 503 : 200
    for (const request of [{ url: '/' }, { method: 'POST' as const, url: '/', payload: { names: [] } }]) {
      const response = await app.inject({ ...request, headers: { cookie } })
      t.equal(response.statusCode, status)
      t.equal(response.headers['retry-after'], status === 503 ? '5' : undefined)
      if (status === 503) t.match(response.json(), { code: 'SES_BACKEND_UNAVAILABLE', message: 'Sessions are unavailable for the moment' })
      t.equal(response.headers['set-cookie'], undefined)
    }
    t.strictSame(backend.only, before)
  }
})
