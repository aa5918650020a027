import diagnostics from 'node:diagnostics_channel'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import t from 'tap'
import { EventPublisher } from '../../lib/store/events.ts'
import type { SessionEvent } from '../../lib/index.ts'

function logAt (level: string): { log: FastifyBaseLogger, lines: unknown[][] } {
  const lines: unknown[][] = []
  return { log: { level, debug: (...line: unknown[]) => { lines.push(line) } } as unknown as FastifyBaseLogger, lines }
}

t.test('an event goes to the channel, and to the log at debug level and below', async t => {
  const seen: unknown[] = []
  const listen = (event: unknown) => { seen.push(event) }
  diagnostics.subscribe('fastsessions', listen)
  t.teardown(() => diagnostics.unsubscribe('fastsessions', listen))
  const details = { reason: 'expired', subject: 'ann', cause: 'expire', actor: 'root' } as const
  const event: SessionEvent = { type: 'rejected', property: 'visit', id: 'i', requestId: 'req-1', ...details }
  for (const [level, isLogged] of [['debug', true], ['trace', true], ['info', false], ['silent', false]] as const) {
    const { log, lines } = logAt(level)
    new EventPublisher('visit').publish({ log, request: { id: 'req-1' } as FastifyRequest }, 'rejected', 'i', details)
    t.strictSame(seen.splice(0), [event], level)
    t.strictSame(lines, isLogged ? [[{ session: event }, 'session rejected']] : [], level)
  }
})

t.test('without anybody who listens it is logged only', async t => {
  for (const [level, count] of [['debug', 1], ['info', 0]] as const) {
    const { log, lines } = logAt(level)
    new EventPublisher('session').publish({ log }, 'created', null, {})
    t.equal(lines.length, count)
    if (count === 1) t.match(lines, [[{ session: { type: 'created', id: null, reason: null, subject: null, requestId: null, cause: null, actor: null } }]])
  }
})

t.test('a logger without a level, as with logger: false, is fine', async t => {
  t.doesNotThrow(() => new EventPublisher('session').publish({ log: {} as FastifyBaseLogger }, 'loaded', 'i', {}))
})

t.test('no subscriber can change what the next subscriber and the log see', async t => {
  const falsify = (event: unknown) => { t.throws(() => { (event as { type: string }).type = 'created' }, TypeError) }
  const seen: unknown[] = []
  const listen = (event: unknown) => { seen.push((event as SessionEvent).type) }
  for (const listener of [falsify, listen]) {
    diagnostics.subscribe('fastsessions', listener)
    t.teardown(() => diagnostics.unsubscribe('fastsessions', listener))
  }
  const { log, lines } = logAt('debug')
  new EventPublisher('session').publish({ log }, 'destroyed', 'i', {})
  t.strictSame(seen, ['destroyed'])
  t.match(lines, [[{ session: { type: 'destroyed' } }]])
})
