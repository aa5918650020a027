import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { SessionInfo, SessionMembers } from '../../types/index.d.ts'
import { InvalidOptionsError } from '../errors.ts'
import { SessionAdministration } from '../session/administration.ts'
import { unexpected } from '../tools/check-options.ts'
import { type DevicesOptions, devicesOptions } from './options.ts'
import { isFromOwnSite } from './own-site.ts'
import { endOneSchema, endOthersSchema, listSchema, MAX_PAGE } from './schemas.ts'

export type { DevicesOptions }

const REASON = 'device'

/** A session of the user, as an answer shows it. */
interface Device {
  readonly id: string
  readonly current: boolean
  readonly createdAt: Date
  readonly lastAccessedAt: Date
  readonly expiresAt: Date
  readonly about: SessionInfo['about']
}

/**
 * "Your devices" as an API, for the user who is signed in: `GET /` lists the user's sessions, `DELETE /:id` ends one of them, and
 * `DELETE /` all but the one of the request. No answer has a token or data. Hooks of the scope around apply.
 *
 * Register it after the sessions, under a prefix, on a backend that lists.
 *
 * @throws InvalidOptionsError for an unknown option, and where the sessions are not registered
 * @throws NotSupportedError where the backend cannot list or end the sessions of a user
 * @example
 * await app.register(sessions, { backend: new RedisBackend(redis) })
 * await app.register(devices, { prefix: '/account/sessions' })
 */
export async function devices (app: FastifyInstance, options: DevicesOptions): Promise<void> {
  const { property, origins } = devicesOptions(options)
  const sessions = administrationOf(app, property)
  sessions.assertListsSubjects()

  // An application may have compilers for schemas of another kind, such as those of Zod. The schemas here describe.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => serialize)
  app.addHook('onSend', async (_request, reply) => { reply.header('cache-control', 'no-store') })
  const config = { [property]: { required: { subject: true } } }

  app.get('/', { config, schema: listSchema }, async request => {
    const { id: current, subject } = own(request)
    const { sessions: found, cursor } = await pageOf(subject, request.query as Query)
    const page = found.map(info => deviceOf(info, current))
    return { sessions: page.sort((a, b) => Number(b.current) - Number(a.current)), cursor }
  })

  app.delete('/:id', { config, schema: endOneSchema, onRequest: refuseOtherSites }, async (request, reply) => {
    const { id } = request.params as { id: string }
    const session = own(request)
    if (id === session.id) await session.destroy()
    else await endOther(id, session.subject)
    return reply.code(204).send()
  })

  app.delete('/', { config, schema: endOthersSchema, onRequest: refuseOtherSites }, async request => {
    const { id, subject } = own(request)
    return { removed: await sessions.revokeSubject(subject, { except: id, actor: subject, reason: REASON }) }
  })

  /** The session of a request; the routes require that somebody is signed in. */
  function own (request: FastifyRequest): SessionMembers<object> & { readonly subject: string } {
    return (request as unknown as Record<string, never>)[property]!
  }

  async function pageOf (subject: string, { limit, cursor }: Query): ReturnType<SessionAdministration['list']> {
    const filter = { subject, limit: limitOf(limit), cursor: cursorOf(cursor) }
    try {
      return await sessions.list(filter)
    } catch (error) {
      // Of the whole filter, a client makes up the cursor alone.
      const isCursorRefused = filter.cursor !== undefined && error instanceof InvalidOptionsError
      throw isCursorRefused ? refusal(400, 'The cursor is not from an earlier page') : error
    }
  }

  async function endOther (id: string, subject: string): Promise<void> {
    const found = await sessions.get(id)
    // That there is a session of somebody else is nobody's business.
    if (found?.subject !== subject) throw refusal(404, 'There is no such session')
    await sessions.revoke(id, { actor: subject, reason: REASON })
  }

  async function refuseOtherSites (request: FastifyRequest, _reply: FastifyReply): Promise<void> {
    if (!isFromOwnSite(request, origins)) throw refusal(403, 'The request comes from another site')
  }
}

function administrationOf (app: FastifyInstance, property: string): SessionAdministration {
  const sessions = (app as unknown as Record<string, unknown>)[`${property}s`]
  if (sessions instanceof SessionAdministration) return sessions
  const expectation = 'the property of sessions that are registered already, in this scope or around it'
  throw unexpected('devices.property', expectation, property, 'register fastsessions before fastsessions/devices')
}

function deviceOf ({ id, createdAt, lastAccessedAt, expiresAt, about }: SessionInfo, current: string): Device {
  return { id, current: id === current, createdAt, lastAccessedAt, expiresAt, about }
}

type Query = Readonly<Record<string, unknown>>

function limitOf (text: unknown = String(MAX_PAGE)): number {
  const limit = typeof text === 'string' && /^[1-9]\d{0,2}$/.test(text) ? Number(text) : Infinity
  if (limit > MAX_PAGE) throw refusal(400, `The limit is an integer from 1 to ${MAX_PAGE}`)
  return limit
}

function cursorOf (text: unknown = ''): string | undefined {
  if (typeof text !== 'string') throw refusal(400, 'There is one cursor, the one of the page before')
  return text === '' ? undefined : text
}

/** For the application's own error handler, or Fastify's. */
function refusal (statusCode: number, message: string): Error {
  return Object.assign(new Error(message), { statusCode })
}

/** Fastify's own answer to an error has members that are not enumerable. */
function serialize (payload: unknown): string {
  if (!(payload instanceof Error)) return JSON.stringify(payload)
  const { statusCode, code, error, message } = payload as Error & { statusCode?: number, code?: string, error?: string }
  return JSON.stringify({ statusCode, code, error, message })
}
