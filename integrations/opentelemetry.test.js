import assert from 'node:assert/strict'
import { test } from 'node:test'
import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { MemoryBackend } from 'fastsessions'
import { FaultyBackend } from 'fastsessions/testing'
import { traceSessions } from './apps/opentelemetry.js'
import { addAccount, Browser, createSite } from './helpers/site.js'

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())

/** A site whose requests have a span each, as @fastify/otel makes them. */
async function open (t) {
  const exporter = new InMemorySpanExporter()
  const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).getTracer('test')
  t.after(traceSessions(tracer))
  const backend = new FaultyBackend(new MemoryBackend())
  const app = await createSite(t, {
    backend,
    before (app) {
      app.addHook('onRequest', (request, reply, done) => {
        const span = tracer.startSpan('request')
        reply.raw.on('finish', () => { span.end() })
        context.with(trace.setSpan(context.active(), span), done)
      })
    }
  })
  await addAccount(app)
  const spans = () => exporter.getFinishedSpans().filter(({ name }) => name !== 'request')
  return { app, backend, exporter, spans }
}

test('each call of the store is a span, and those of a request lie below its span', async t => {
  const { app, backend, exporter, spans } = await open(t)
  const browser = new Browser(app)
  await browser.post('/sign-in/ann')
  exporter.reset()
  for (const isLater of [false, true]) {
    if (isLater) backend.before('read', async () => {})
    assert.equal((await browser.get('/me')).body, 'ann')
  }
  assert.deepEqual(spans().map(({ name, attributes }) => [name, attributes]), Array(2).fill(
    ['session read', { 'session.backend': 'FaultyBackend', 'session.property': 'session' }]
  ))
  const requests = exporter.getFinishedSpans().filter(({ name }) => name === 'request').map(span => span.spanContext().spanId)
  for (const span of spans()) assert.ok(requests.includes(span.parentSpanContext?.spanId))
})

test('a call that fails is an error, without what was sent', async t => {
  const { app, backend, exporter, spans } = await open(t)
  app.post('/card', async ({ session }) => { session.card = '4111 1111 1111 1111' })
  backend.before('write', () => { throw Object.assign(new Error('READONLY {"card":"4111 1111 1111 1111"}'), { code: 'READONLY' }) })
  assert.equal((await new Browser(app).post('/card')).statusCode, 503)
  const [write] = spans().filter(({ name }) => name === 'session write')
  assert.deepEqual(write.status, { code: SpanStatusCode.ERROR, message: 'READONLY [payload]' })
  assert.equal(write.events[0].attributes['exception.type'], 'READONLY')
  const seen = JSON.stringify(exporter.getFinishedSpans().map(({ name, attributes, events, status }) => ({ name, attributes, events, status })))
  assert.ok(!seen.includes('4111'), seen)
})
