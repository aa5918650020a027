// An application whose payload uses a name of the session's own: its declaration compiles, no use of the session does.
import Fastify from 'fastify'
import type {} from 'fastsessions'
import { same } from '../equals.ts'

declare module 'fastsessions' {
  interface SessionData { user: string, subject: string }
}

Fastify().get('/', async ({ session }) => {
  same<keyof typeof session, 'SessionData uses a reserved name'>()
  same<typeof session['SessionData uses a reserved name'], 'subject'>()
  // @ts-expect-error not even another key
  session.get('user')
})
