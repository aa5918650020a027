// The session of a payload with a type: what `interface SessionData` gives, on a type of its own.
import type { Session, SessionInfo, SessionPayload, Sessions } from '../lib/index.ts'
import { exactly, same, use } from './equals.ts'

interface Shop {
  user: { id: string }
  visits: number
  theme?: 'light' | 'dark'
}

/** This project compiles with `exactOptionalPropertyTypes`, which tells an absent key from a key with `undefined`; a session does not. */
interface Payload {
  user?: Shop['user'] | undefined
  visits?: number | undefined
  theme?: 'light' | 'dark' | undefined
}

declare const session: Session<Shop>
declare const admins: Sessions<Shop>

// ------------------------------------------------------------------------------------------ plain access

exactly<{ id: string } | undefined>().is(session.user)
exactly<'light' | 'dark' | undefined>().is(session.theme)
session.visits = (session.visits ?? 0) + 1
delete session.visits
session.visits = undefined
session.theme = undefined
// @ts-expect-error it may be absent
use(session.user.id)
// @ts-expect-error not such a value
session.visits = '1'
// @ts-expect-error the payload has no such key
session.nobody = 1
// @ts-expect-error nor to read
use(session.nobody)

// ------------------------------------------------------------------------------------------ the same as methods
exactly<number | undefined>().is(session.get('visits'))
exactly<'light' | 'dark' | undefined>().is(session.get('theme'))
same<SessionPayload<Shop>, Payload>()
same<ReturnType<typeof session.data>, Payload>()
session.set('visits', 1).set('theme', undefined).update({ visits: 2, user: { id: 'alice' } }).visits = 3
const had: [boolean, boolean] = [session.has('user'), session.delete('user')]
// @ts-expect-error the payload has no such key
session.get('nobody')
// @ts-expect-error the payload has no such key
session.set('nobody', 1)
// @ts-expect-error not such a value
session.set('theme', 'pink')
// @ts-expect-error the payload has no such key
session.has('nobody')
// @ts-expect-error the payload has no such key
session.delete('nobody')
// @ts-expect-error the payload has no such key
session.update({ nobody: 1 })
// @ts-expect-error not such a value
session.update({ visits: '1' })

/** Code that is generic in the key keeps the link between key and value. */
export function copy<Key extends keyof Shop> (key: Key, from: Session<Shop>, to: Session<Shop>): void {
  to.set(key, from.get(key))
}

// ------------------------------------------------------------------------------------------ operations

use(session.regenerate(['theme', 'visits']))
use(session.login('alice', { user: { id: 'alice' }, theme: undefined }))
session.update({ theme: undefined })
exactly<Promise<number>>().is(session.transaction(data => {
  same<typeof data, Payload>()
  data.theme = undefined
  data.visits = (data.visits ?? 0) + 1
  return data.visits
}))
// @ts-expect-error the payload has no such key
use(session.regenerate(['nobody']))
// @ts-expect-error not such a value
use(session.login('alice', { user: 'alice' }))
// @ts-expect-error the payload has no such key
use(session.transaction(data => data.nobody))

same<Awaited<ReturnType<typeof admins.get>>, SessionInfo<Shop> | null>()
same<SessionInfo<Shop>['data'], Payload>()
same<Awaited<ReturnType<typeof admins.open>>, Session<Shop>>()
use(admins.create({ visits: 1, theme: undefined }))
// @ts-expect-error the payload has no such key
use(admins.create({ nobody: 1 }))

// ------------------------------------------------------------------------------------------ an open payload

declare const open: Session<Record<string, unknown>>
same<typeof open['anything'], unknown>()
same<typeof open.id, string>()
open.set('anything', 1)

// ------------------------------------------------------------------------------------------ names that are taken

type Refused<Name> = { readonly 'SessionData uses a reserved name': Name }
same<Session<{ id: string }>, Refused<'id'>>()
same<Session<{ user: string, get?: number, cookie: object }>, Refused<'get' | 'cookie'>>()
same<Session<{ signal: AbortSignal }>, Refused<'signal'>>()
same<Session<{ __proto__: object }>, Refused<'__proto__'>>()
declare const refused: Session<{ subject: string }>
// @ts-expect-error nothing can be done with it
refused.get('subject')

export { had }
