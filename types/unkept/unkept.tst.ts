// An application whose payload has types that JSON does not keep: its declaration compiles, no use of the session does.
import Fastify from 'fastify'
import type { Session } from 'fastsessions'
import { same } from '../equals.ts'

declare module 'fastsessions' {
  interface SessionData { visits: number, at: Date, list: Array<{ bytes?: Buffer }> }
}

Fastify().get('/', async ({ session }) => {
  same<keyof typeof session, 'SessionData has a type that JSON does not keep'>()
  same<typeof session['SessionData has a type that JSON does not keep'], 'at' | 'list'>()
  // @ts-expect-error not even another key
  session.get('visits')
})

type Refused = 'SessionData has a type that JSON does not keep'
interface Tree { name: string, parts: Tree[] }
interface Money { cents: number, toJSON (): string }

same<keyof Session<{ a: Map<string, 1> }>, Refused>()
same<keyof Session<{ a: { b: { c: Set<1> | null } } }>, Refused>()
same<keyof Session<{ a?: bigint }>, Refused>()
same<keyof Session<{ a: () => void }>, Refused>()
same<keyof Session<{ a: [1, Uint8Array] }>, Refused>()
same<Session<{ a: string, b: number | null, c?: Array<{ d: boolean }>, e: unknown, f: any, g: Tree, h: Money, i: Record<string, 1> }>['a'], string | undefined>()
same<Session<{ g: Tree }>['g'], Tree | undefined>()
same<Session<{ [key: string]: unknown }>['g'], unknown>()
