import type { LightMyRequestResponse } from 'fastify'

/** The name of the session's cookie when no option says otherwise. */
export const NAME = '__Host-session'

type Answer = Pick<LightMyRequestResponse, 'headers'>

/** Set-Cookie lines as they are on the wire. */
export function cookieLines ({ headers }: Answer): string[] {
  return [headers['set-cookie'] ?? []].flat()
}

/** The `Cookie` header that a browser without cookies sends after this response. */
export function cookieOf (response: Answer): string {
  return cookieLines(response).filter(line => !/Max-Age=0/.test(line)).map(line => line.split(';')[0]).join('; ')
}

/** Lines without the session's text, which differs between two runs. */
export function shapes (response: Answer): string[] {
  return cookieLines(response).map(line => line.replace(/=[^;]*/, '=…'))
}
