import type { FastifyReply } from 'fastify'

/** The answer depends on the cookie (RFC 9110, 12.5.5; CVE-2026-35192). Existing values of `Vary` are kept. */
export function varyByCookie (reply: FastifyReply): void {
  const vary = textOf(reply.getHeader('vary'))
  if (vary === '') reply.header('vary', 'Cookie')
  else if (!hasMember(vary, 'cookie') && !hasMember(vary, '*')) reply.header('vary', `${vary}, Cookie`)
}

/** No cache may store a response with a session cookie (RFC 9111, 5.2.2.5). Existing directives are kept. */
export function forbidStoring (reply: FastifyReply): void {
  const directives = textOf(reply.getHeader('cache-control'))
  if (directives === '') reply.header('cache-control', 'no-store')
  else if (!hasMember(directives, 'no-store')) reply.header('cache-control', `${directives}, no-store`)
}

function textOf (header: unknown): string {
  return Array.isArray(header) ? header.join(', ') : String(header ?? '')
}

function hasMember (list: string, name: string): boolean {
  return list.split(',').some(member => member.trim().toLowerCase() === name)
}
