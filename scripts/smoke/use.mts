// The package as an application in TypeScript uses it; compiled with skipLibCheck off.
import Fastify from 'fastify'
import sessions, { MemoryBackend, type Session, type SessionBackend } from 'fastsessions'
import { devices } from 'fastsessions/devices'
import { testBackend } from 'fastsessions/testing'

declare module 'fastsessions' {
  interface SessionData { user: { id: string } }
}

const app = Fastify()
const backend: SessionBackend = new MemoryBackend()
await app.register(sessions, { backend, cookie: { secure: 'auto' } })
await app.register(devices, { prefix: '/account/sessions', origins: ['https://app.example.com'] })

app.get('/', { config: { session: { required: 'subject' } } }, async request => {
  const id: string | undefined = request.session.user?.id
  const name: string | null | undefined = (await app.sessions.get(request.session.id))?.data.user?.id
  // @ts-expect-error the payload has no such key
  request.session.set('nobody', 1)
  // @ts-expect-error nor such a value
  request.session.set('user', 1)
  const session: Session = request.session
  await session.login('id', { user: { id: 'id' } })
  return [id, name]
})

export { testBackend }
