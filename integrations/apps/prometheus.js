import { tracingChannel } from 'node:diagnostics_channel'
import Fastify from 'fastify'
import sessions, { MemoryBackend } from 'fastsessions'
import { Counter, Histogram, Registry } from 'prom-client'

export async function build (backend = new MemoryBackend()) {
  const app = Fastify()
  await app.register(sessions, { backend })

  const registers = [new Registry()]
  // Counted by the sessions themselves: copied whenever somebody asks.
  const count = (name, help, label, countersOf) => new Counter({
    name,
    help,
    labelNames: [label],
    registers,
    collect () {
      this.reset()
      for (const [key, value] of Object.entries(countersOf(app.sessions.metrics()))) this.inc({ [label]: key }, value)
    }
  })
  count('sessions_total', 'What has happened to sessions', 'what', ({ ended, cache, ...others }) => others)
  count('sessions_ended_total', 'Sessions that have ended', 'cause', ({ ended }) => ended)

  const seconds = new Histogram({
    name: 'session_backend_seconds', help: 'Calls of the store', labelNames: ['operation', 'outcome'], registers
  })
  const begins = new WeakMap()
  const finish = call => {
    const isOver = 'result' in call || 'error' in call
    if (!isOver || !begins.has(call)) return
    const outcome = call.error === undefined ? 'answered' : 'failed'
    seconds.observe({ operation: call.operation, outcome }, (performance.now() - begins.get(call)) / 1_000)
  }
  const begin = call => { begins.set(call, performance.now()) }
  const subscribers = { start: begin, end: finish, asyncEnd: finish, asyncStart () {}, error () {} }
  const calls = tracingChannel('fastsessions:backend')
  calls.subscribe(subscribers)
  app.addHook('onClose', async () => { calls.unsubscribe(subscribers) })

  app.get('/metrics', { config: { session: false } }, async (request, reply) => {
    return await reply.type(registers[0].contentType).send(await registers[0].metrics())
  })
  return app
}
