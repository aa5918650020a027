// An application whose payload type comes from the schema that checks it. It joins what payload.tst.ts declares.
import Fastify from 'fastify'
import { type Static, Type } from 'typebox'
import sessions from 'fastsessions'
import { exactly, use } from '../equals.ts'

const preferences = Type.Object({
  theme: Type.Union([Type.Literal('light'), Type.Literal('dark')]),
  languages: Type.Optional(Type.Array(Type.String()))
})

declare module 'fastsessions' {
  interface SessionData extends Static<typeof preferences> {}
}

const app = Fastify()
use(app.register(sessions, { schema: preferences }))

app.get('/', async ({ session }) => {
  exactly<'light' | 'dark' | undefined>().is(session.theme)
  exactly<string[] | undefined>().is(session.get('languages'))
  session.theme = 'dark'
  // @ts-expect-error not such a value
  session.theme = 'pink'
  // @ts-expect-error not such a value
  session.set('languages', 'en')
})
