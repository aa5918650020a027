import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { assertAllRead, ReadRoutes } from '../../lib/config/unread.ts'
import { MemoryBackend, sessions } from '../../lib/index.ts'

type Build = (app: FastifyInstance) => unknown

async function register (app: FastifyInstance, property = 'session'): Promise<void> {
  await app.register(sessions, { backend: new MemoryBackend(), property })
}

const route = (app: FastifyInstance, url: string, config: object): void => { app.get(url, { config } as object, async () => 'public') }

/** Resolves to the error of the start, or to `null`. */
async function start (t: Test, build: Build): Promise<Error & { code?: string } | null> {
  const app = Fastify()
  t.teardown(() => app.close())
  await build(app)
  return await Promise.resolve(app.ready()).then(() => null, (error: Error) => error)
}

const required = { session: { required: true } }

for (const [what, build, place] of [
  ['under the name of no property', async app => { await register(app, 'admin'); route(app, '/x', required) }, 'GET /x: config.session'],
  ['outside the scope, added before', app => { route(app, '/x/:id', required); app.register(async scope => { await register(scope) }) }, 'GET /x/:id: config.session'],
  ['outside the scope, added after', app => { app.register(async scope => { await register(scope) }); route(app, '/x', required) }, 'GET /x: config.session'],
  ['in a scope beside', app => {
    app.register(async scope => { await register(scope) })
    app.register(async scope => { route(scope, '/x/*', { session: { required: 'subject' } }) })
  }, 'GET /x/*: config.session'],
  ['under the property of a scope beside', app => {
    app.register(async scope => { await register(scope) })
    app.register(async scope => { await register(scope, 'admin'); route(scope, '/x', required) })
    app.register(async scope => { route(scope, '/y', { admin: { autoload: false } }) })
  }, /^Expected `(?:GET \/x: config\.session|GET \/y: config\.admin)`/],
  ['of a scope inside that was added before the plugin', async app => {
    app.register(async scope => { route(scope, '/x', required) })
    await app.after()
    await register(app)
  }, 'GET /x: config.session'],
  ['that switch nothing on', async app => { await register(app, 'admin'); route(app, '/x', { session: { passive: false, onUnavailable: 'error' } }) }, 'GET /x: config.session']
] as Array<[string, Build, string | RegExp]>) {
  t.test(`route options ${what} stop the start`, async t => {
    const error = await start(t, build)
    t.match(error, { code: 'SES_INVALID_OPTIONS' })
    t.match(error!.message, typeof place === 'string' ? `Expected \`${place}\` to be read by a registration, got an object of Object; ` : place)
  })
}

for (const [what, build] of [
  ['in the scope of the registration', async app => { await register(app); route(app, '/x', required) }],
  ['in a scope inside', async app => { await register(app); app.register(async scope => { route(scope, '/x', required) }) }],
  ['of a route that was added before the plugin', app => { route(app, '/x', required); return register(app) }],
  ['of a registration with a property of its own', async app => { await register(app, 'admin'); route(app, '/x', { admin: { required: true } }) }],
  ['that ask for no session, where none is', app => { route(app, '/x', { session: false }); app.register(async scope => { await register(scope) }) }],
  ['of a different plugin', async app => {
    await register(app, 'admin')
    for (const [index, session] of [{}, { required: true, store: 'x' }, 'required', null, true, ['required']].entries()) route(app, `/${index}`, { session })
  }]
] as Array<[string, Build]>) {
  t.test(`options ${what} are accepted`, async t => { t.equal(await start(t, build), null) })
}

t.test('where the plugin is loaded after the application has begun, the routes of its scope are looked at', async t => {
  const app = Fastify()
  t.teardown(() => app.close())
  // As if nobody had seen it begin.
  const unseen = Object.create(app, { server: { value: {} } }) as FastifyInstance
  const reads = new ReadRoutes(unseen, 'admin')
  route(app, '/x', required)
  t.throws(() => { assertAllRead(unseen, [reads]) }, { code: 'SES_INVALID_OPTIONS', message: 'GET /x: config.session' })
})
