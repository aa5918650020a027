// The session while the payload has no type. Compiled by `npm run types`, never run.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ListPage, ReservedKey, Session, SessionInfo, SessionMembers, Sessions } from '../lib/index.ts'
import { exactly, same, use } from './equals.ts'

declare const app: FastifyInstance
declare const request: FastifyRequest
const { session } = request

same<typeof session, Session>()
// @ts-expect-error the decorator belongs to the plugin
request.session = session

// ------------------------------------------------------------------------------------------ data

same<ReturnType<typeof session.get>, unknown>()
session.set('anything', 1).set('else', undefined).update({ more: [] }).clear()
same<ReturnType<typeof session.data>, Record<string, unknown>>()
const had: [boolean, boolean] = [session.has('anything'), session.delete('anything')]
// @ts-expect-error keys are text
session.get(1)
// @ts-expect-error plain access needs a payload type; get() and set() do not
use(session.anything)

// ------------------------------------------------------------------------------------------ what it is

same<Pick<typeof session, 'id' | 'isLoaded' | 'isNew' | 'isEmpty' | 'isModified' | 'createdAt' | 'lastAccessedAt' | 'expiresAt' | 'subject'>, {
  readonly id: string
  readonly isLoaded: boolean
  readonly isNew: boolean
  readonly isEmpty: boolean
  readonly isModified: boolean
  readonly createdAt: Date
  readonly lastAccessedAt: Date
  readonly expiresAt: Date
  readonly subject: string | null
}>()
// @ts-expect-error login() sets it
session.subject = 'alice'
// @ts-expect-error the server issues it
session.id = 'mine'
// Names may be added to these, never taken away.
same<keyof SessionMembers,
  'get' | 'set' | 'has' | 'delete' | 'clear' | 'update' | 'data' |
  'id' | 'sessionId' | 'isLoaded' | 'isNew' | 'isEmpty' | 'isModified' | 'createdAt' | 'lastAccessedAt' | 'expiresAt' | 'subject' |
  'signedInAt' | 'level' | 'labels' | 'endedBecause' | 'signal' | 'reauthenticate' |
  'load' | 'save' | 'reload' | 'touch' | 'regenerateId' | 'regenerate' | 'login' | 'setLifetime' | 'destroy' | 'transaction'
>()
same<ReservedKey, 'signal' | 'reauthenticate' | 'cookie' | 'sessionId' | '__proto__'>()

// ------------------------------------------------------------------------------------------ operations: a promise …

same<ReturnType<typeof session.touch>, void>()
exactly<Array<Promise<void>>>().is([
  session.load(), session.save(), session.reload(), session.destroy(), session.regenerateId(),
  session.regenerate(), session.regenerate(['theme']), session.regenerate(undefined),
  session.login('alice'), session.login(42), session.login('alice', { role: 'admin' })
])
// @ts-expect-error a subject is text or a number
session.login(null)
// @ts-expect-error whose session it is to be
session.login()

// … or a callback, and nothing

exactly<void[]>().is([
  session.load(done), session.save(done), session.reload(done), session.destroy(done), session.regenerateId(done),
  session.regenerate(done), session.regenerate(['theme'], done), session.regenerate(undefined, done),
  session.login('alice', done), session.login('alice', {}, done), session.login('alice', undefined, done)
])
session.save(error => { same<typeof error, Error | null>() })
session.save(() => {})
// @ts-expect-error a callback gets no session
session.save((error: Error | null, session: Session) => { use(error, session) })
exactly<Promise<number>>().is(session.transaction(async data => { same<typeof data, Record<string, unknown>>(); return 1 }))
exactly<Promise<string>>().is(session.transaction(() => 'at once'))
// @ts-expect-error it gives what fn returned, so it takes no callback
session.transaction(() => 1, done)

session.setLifetime({ idleTimeout: '30d', absoluteTimeout: null, persistent: true })
session.setLifetime({ idleTimeout: 60 })
// @ts-expect-error a session that never idles out would never end
session.setLifetime({ idleTimeout: null })
// @ts-expect-error no such policy
session.setLifetime({ maxAge: 1 })

// ------------------------------------------------------------------------------------------ outside a request

same<typeof app.sessions, Sessions>()
same<Awaited<ReturnType<typeof app.sessions.get>>, SessionInfo | null>()
same<Awaited<ReturnType<typeof app.sessions.exists>>, boolean>()
same<Awaited<ReturnType<typeof app.sessions.open>>, Session>()
same<Awaited<ReturnType<typeof app.sessions.create>>, { id: string, cookie: string }>()
same<Awaited<ReturnType<typeof app.sessions.revoke>>, void>()
same<Awaited<ReturnType<typeof app.sessions.revokeSubject>>, number>()
same<Awaited<ReturnType<typeof app.sessions.list>>, ListPage<SessionInfo>>()
same<Awaited<ReturnType<typeof app.sessions.count>>, number>()
same<Awaited<ReturnType<typeof app.sessions.removeExpired>>, number>()
same<SessionInfo['data'], Record<string, unknown>>()
use(app.sessions.create({ any: 1 }, { subject: 'alice' }))
use(app.sessions.revokeSubject('alice', { except: session.id }))
use(app.sessions.open(request.headers.cookie))
use(app.sessions.list({ subject: 'alice', limit: 10, cursor: 'next' }))
// @ts-expect-error no such filter
use(app.sessions.list({ user: 'alice' }))

function done (_error: Error | null): void {}
export { had }
