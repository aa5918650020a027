import { existsSync } from 'node:fs'
import t from 'tap'
import { typeErrors } from '../helpers/typechecker.ts'

if (!existsSync(new URL('../../dist/no-global.d.ts', import.meta.url))) throw new Error('dist is missing: run npm run build')

/** As the types of @fastify/session and @fastify/secure-session do, which an application brings in together with those of a different plugin. */
const OTHER_PLUGIN = `
declare module 'fastify' {
  interface FastifyRequest { session: { sessionId: string, touch (): void, flash (text: string): string[] } }
}`

const application = (entry: string, property: string, declaration: string) => `
import Fastify from 'fastify'
import sessions, { MemoryBackend, SessionConflictError, type Session, type SessionRoute, type Sessions } from '${entry}'
import { RedisBackend } from 'fastsessions/redis'
${OTHER_PLUGIN}
declare module '${entry}' { interface SessionData { visits: number } }
${declaration}
const app = Fastify()
app.register(sessions, { backend: new MemoryBackend(), property: '${property}' })
app.get('/', async request => {
  const texts: string[] = request.session.flash('hello')
  request.${property}.visits = (request.${property}.visits ?? 0) + 1
  return [texts, await app.${property}s.count()]
})
export { RedisBackend, SessionConflictError, type Session, type SessionRoute, type Sessions }
`

const visitDeclared = `declare module 'fastify' {
  interface FastifyRequest { readonly visit: Session }
  interface FastifyInstance { visits: Sessions }
  interface FastifyContextConfig { visit?: SessionRoute }
}`

for (const name of ['application.mts', 'application.cts']) {
  t.test(`fastsessions/no-global leaves request.session to the plugin that declares it, in ${name}`, async t => {
    t.strictSame(typeErrors({ [name]: application('fastsessions/no-global', 'visit', visitDeclared) }, { skipLibCheck: false }), [])
  })
}

t.test('the main entry declares request.session, which clashes with the declaration of a different plugin', async t => {
  t.match(typeErrors({ 'application.mts': application('fastsessions', 'visit', visitDeclared) }, {}).join('\n'), /property 'session'|identical modifiers/)
})
