import { createServer, type RequestListener } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { Awaitable, BackendContext, ForeignCookies, ForeignRejection, ForeignSession, SessionReader } from '../../types/index.d.ts'

/** Other libraries add to the types of Fastify what we add too: their types stay out. */
export const load: (name: string) => any = createRequire(import.meta.url)

/** The cookies of a request, as a reader sees them. */
export function foreignCookies (header: string): ForeignCookies {
  const pairs = header.split(';').map(pair => pair.trim()).filter(pair => pair !== '').map(pair => {
    const at = pair.indexOf('=')
    return [pair.slice(0, at), pair.slice(at + 1)] as const
  })
  return {
    names: [...new Set(pairs.map(([name]) => name))],
    valuesOf: wanted => pairs.filter(([name]) => name === wanted).map(([, value]) => value).slice(0, 4)
  }
}

/** What a reader finds in a `Cookie` header, by a registration's clock. */
export async function readAt (now: number, reader: SessionReader, header: string): Promise<ForeignSession | ForeignRejection | null> {
  const bound = reader.bind!({ now: () => now } as BackendContext)
  return await bound.read(foreignCookies(header))
}

/** What a reader finds in a `Cookie` header, by the clock of this machine. */
export async function read (reader: SessionReader, header: string): Promise<ForeignSession | ForeignRejection | null> {
  return await reader.read(foreignCookies(header))
}

/** The `Cookie` header of a browser after an answer. */
export function cookieHeader (setCookies: string | readonly string[] | undefined): string {
  return [setCookies ?? []].flat().map(line => line.slice(0, line.indexOf(';'))).join('; ')
}

/** One answer of a server that lives for one request. */
export async function answerOf (listener: RequestListener, headers: Record<string, string> = {}): Promise<{ cookies: string[], text: string }> {
  const server = createServer(listener)
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  try {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { headers: { ...headers, connection: 'close' } })
    return { cookies: answer.headers.getSetCookie(), text: await answer.text() }
  } finally {
    await new Promise(resolve => { server.close(resolve) })
  }
}

/** A store for express-session in a map of JSON texts, as those on a server are. */
export class TextStore {
  readonly texts = new Map<string, string>()
  get (id: string, done: (error: unknown, session?: unknown) => void): Awaitable<void> {
    const text = this.texts.get(id)
    done(null, text === undefined ? null : JSON.parse(text))
  }

  set (id: string, session: unknown, done?: (error?: unknown) => void): void {
    this.texts.set(id, JSON.stringify(session))
    done?.()
  }

  destroy (id: string, done?: (error?: unknown) => void): void {
    this.texts.delete(id)
    done?.()
  }
}

/** The data of a session that must be there. */
export function sessionIn (found: ForeignSession | ForeignRejection | null): ForeignSession {
  if (found === null || 'rejected' in found) throw new Error(`no session: ${JSON.stringify(found)}`)
  return found
}
