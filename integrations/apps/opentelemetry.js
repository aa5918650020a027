import { tracingChannel } from 'node:diagnostics_channel'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'

/** A span for each call of the store of sessions, below the span of the request. Returns what ends it. */
export function traceSessions (tracer = trace.getTracer('fastsessions')) {
  const spans = new WeakMap()
  const start = call => {
    const { operation, backend, property } = call
    const attributes = { 'session.backend': backend, 'session.property': property }
    spans.set(call, tracer.startSpan(`session ${operation}`, { kind: SpanKind.CLIENT, attributes }))
  }
  const finish = call => {
    const isOver = 'result' in call || 'error' in call
    const span = spans.get(call)
    if (!isOver || span === undefined) return
    if (call.error !== undefined) {
      span.recordException(call.error)
      span.setStatus({ code: SpanStatusCode.ERROR, message: call.error.message })
    }
    span.end()
  }
  const subscribers = { start, end: finish, asyncEnd: finish, asyncStart () {}, error () {} }
  const calls = tracingChannel('fastsessions:backend')
  calls.subscribe(subscribers)
  return () => calls.unsubscribe(subscribers)
}
