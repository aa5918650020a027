import type { FastifyReply } from 'fastify'

/** The answer depends on the cookie (RFC 9110, 12.5.5; CVE-2026-35192). Existing values of `Vary` are kept. */
export function varyByCookie (reply: FastifyReply): void {
  const vary = reply.getHeader('vary')
  const merged = withMember(vary, 'Cookie')
  if (merged !== vary) reply.header('vary', merged)
}

/** No cache may store a response with a session cookie (RFC 9111, 5.2.2.5). Existing directives are kept. */
export function forbidStoring (reply: FastifyReply): void {
  reply.header('cache-control', withMember(reply.getHeader('cache-control'), 'no-store'))
}

/** A header with a list, and the member in the list. */
export function withMember (header: unknown, member: string): string {
  const list = textOf(header)
  if (list === '') return member
  return hasMember(list, member.toLowerCase()) || hasMember(list, '*') ? list : `${list}, ${member}`
}

function textOf (header: unknown): string {
  return Array.isArray(header) ? header.join(', ') : String(header ?? '')
}

function hasMember (list: string, name: string): boolean {
  return list.split(',').some(member => member.trim().toLowerCase() === name)
}
