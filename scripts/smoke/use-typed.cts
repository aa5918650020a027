// The package as an application in TypeScript uses it that is compiled to CommonJS; compiled in several ways, and run.
import { equal } from 'node:assert'
import fastify from 'fastify'
import sessions, { MemoryBackend, SessionConflictError, type Session, type SessionBackend } from 'fastsessions'
import { FileBackend } from 'fastsessions/file'
import whole = require('fastsessions')

declare module 'fastsessions' {
  interface SessionData { user: { id: string } }
}

async function main (): Promise<void> {
  const app = fastify()
  const backend: SessionBackend = new MemoryBackend()
  await app.register(sessions, { backend, cookie: { secure: 'auto' } })
  app.get('/', { config: { session: { required: 'subject' } } }, async request => {
    const session: Session = request.session
    // @ts-expect-error the payload has no such key
    session.has('nobody')
    return session.user?.id
  })
  const { cookie } = await app.sessions.create({ user: { id: 'ann' } }, { subject: 'ann' })
  equal((await app.inject({ url: '/', headers: { cookie } })).body, 'ann')
  await app.close()
  equal(whole, sessions)
  equal(whole.default, whole)
  equal(whole.SessionConflictError, SessionConflictError)
  // One of everything, whichever way it comes in.
  const imported = await import('fastsessions')
  equal(imported.SessionConflictError, SessionConflictError)
  equal(typeof FileBackend, 'function')
}

main().catch(error => {
  console.error(error)
  process.exitCode = 1
})
