// An application whose serializer keeps more than JSON does, and says so.
import Fastify from 'fastify'
import type {} from 'fastsessions'
import { exactly, same } from '../equals.ts'

declare module 'fastsessions' {
  interface SessionData { at: Date, seen: { pages: Map<string, number> }, bytes: Uint8Array }
  interface SerializerTypes { date: Date, map: Map<string, unknown>, bytes: Uint8Array }
}

Fastify().get('/', async ({ session }) => {
  exactly<Date | undefined>().is(session.at)
  session.seen = { pages: new Map() }
  same<'at' | 'seen' | 'bytes', Parameters<typeof session.has>[0]>()
})
