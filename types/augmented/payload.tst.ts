// An application that declares its payload, and a second session beside the first.
import Fastify from 'fastify'
import sessions, { type Session, type SessionData, type SessionKey, type SessionRoute, type Sessions } from 'fastsessions'
import { exactly, same, use } from '../equals.ts'

declare module 'fastsessions' {
  interface SessionData { user: { id: string }, basket: string[] }
}

interface AdminData { role: 'auditor' | 'operator' }

declare module 'fastify' {
  interface FastifyRequest { readonly admin: Session<AdminData> }
  interface FastifyInstance { admins: Sessions<AdminData> }
  interface FastifyContextConfig { admin?: SessionRoute }
}

same<SessionKey, 'user' | 'basket' | 'theme' | 'languages'>()

const app = Fastify()
use(app.register(sessions))
use(app.register(sessions, { property: 'admin', cookie: { path: '/admin' } }))

app.get('/', async ({ session }) => {
  same<typeof session, Session>()
  exactly<SessionData['user'] | undefined>().is(session.user)
  exactly<string[] | undefined>().is(session.get('basket'))
  delete session.basket
  await session.login('alice', { user: { id: 'alice' } })
  // @ts-expect-error the payload has no such key
  session.set('nobody', 1)
  // @ts-expect-error nor as a property
  use(session.nobody)
  // @ts-expect-error nor anywhere else
  await session.regenerate(['nobody'])
  // @ts-expect-error not such a value
  session.basket = [1]
  return (await app.sessions.get(session.id))?.data.user?.id
})

// @ts-expect-error the options of its routes are checked as well
app.get('/wrong', { config: { admin: { required: 'user' } } }, async () => 'ok')
app.get('/admin', { config: { admin: { required: 'subject' }, session: false } }, async ({ admin }) => {
  same<typeof admin, Session<AdminData>>()
  exactly<'auditor' | 'operator' | undefined>().is(admin.role)
  // @ts-expect-error it is of the other session
  use(admin.user)
  await app.admins.create({ role: 'auditor' })
  // @ts-expect-error not such a value
  await app.admins.create({ role: 'owner' })
})
