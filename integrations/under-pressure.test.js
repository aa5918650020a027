import assert from 'node:assert/strict'
import { test } from 'node:test'
import underPressure from '@fastify/under-pressure'
import Fastify from 'fastify'
import sessions, { MemoryBackend } from 'fastsessions'
import { FaultyBackend } from 'fastsessions/testing'
import { setCookies } from './helpers/site.js'

async function busySite (t, register) {
  const app = Fastify()
  t.after(() => app.close())
  const backend = new FaultyBackend(new MemoryBackend())
  const parts = {
    sessions: () => app.register(sessions, { backend, cookie: { persistent: true }, renewAfter: 0 }),
    pressure: () => app.register(underPressure, { healthCheck: async () => false, healthCheckInterval: 60_000 })
  }
  for (const name of register) await parts[name]()
  app.get('/', async ({ session }) => { session.visits = 1 })
  await app.ready()
  const { cookie } = await app.sessions.create({}, { subject: 'ann' })
  return { app, cookie, calls: () => backend.calls.length }
}

for (const register of [['pressure', 'sessions'], ['sessions', 'pressure']]) {
  test(`a 503 under pressure sets no cookie and stores nothing (${register.join(' before ')})`, async t => {
    const { app, cookie, calls } = await busySite(t, register)
    const before = calls()
    const answer = await app.inject({ url: '/', headers: { cookie } })
    assert.deepEqual([answer.statusCode, setCookies(answer)], [503, []])
    // Registered first, it also spares the store the look.
    assert.equal(calls() - before, register[0] === 'pressure' ? 0 : 1)
  })
}
