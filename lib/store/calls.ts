import { tracingChannel } from 'node:diagnostics_channel'
import type { Awaitable, BackendCall, SessionBackend } from '../../types/index.d.ts'
import { type Flow, isPromise } from '../tools/flow.ts'
import { harmlessCause } from './cause.ts'

const tracing = tracingChannel<unknown, BackendCall>('fastsessions:backend')

/** What a call of the backend came to. */
export type Outcome<T> = { readonly hasFailed: false, readonly result: T } | { readonly hasFailed: true, readonly failure: unknown }

/** Calls of a backend, told to those who trace (`fastsessions:backend`). */
export class BackendCalls {
  readonly backend: SessionBackend
  readonly property: string
  readonly #name: string

  /** @param name the class of the backend */
  constructor (backend: SessionBackend, property: string, name: string) {
    this.backend = backend
    this.property = property
    this.#name = name
  }

  get isTraced (): boolean { return tracing.hasSubscribers }

  /**
   * Calls the backend. Where the time limit stops the flow before the backend has answered, there is no outcome.
   *
   * @param sent the payload or the cookie's text which goes to the backend: taken out of what is told
   */
  make<T> (operation: BackendCall['operation'], id: string | null, send: () => Awaitable<T>, sent: string | null): Flow<Outcome<T>> {
    // Without anybody who traces, which is the usual case, a call costs one look-up more.
    if (!this.isTraced) return settle(send)
    // The id of a self-contained backend is the cookie's text.
    const isSecret = this.backend.selfContained === true
    return traced({ property: this.property, backend: this.#name, operation, id: isSecret ? null : id }, send, sent)
  }
}

function * settle<T> (send: () => Awaitable<T>): Flow<Outcome<T>> {
  try {
    const answer = send()
    return { hasFailed: false, result: isPromise(answer) ? (yield answer) as T : answer }
  } catch (failure) {
    return { hasFailed: true, failure }
  }
}

/**
 * Publishes what `traceSync` and `tracePromise` of Node publish, but no session. Neither of them will do: a backend answers with or
 * without a promise as it likes, and may never answer at all.
 */
function * traced<T> (call: BackendCall, send: () => Awaitable<T>, sent: string | null): Flow<Outcome<T>> {
  const begun = begin(call, send)
  if (begun.hasFailed || !isPromise(begun.result)) {
    note(call, begun, sent)
    tracing.end.publish(call)
    return begun as Outcome<T>
  }
  tracing.end.publish(call)
  let outcome: Outcome<T> = { hasFailed: true, failure: new Error('no answer in time') }
  try {
    outcome = yield * settle(() => begun.result)
    return outcome
  } finally {
    // Also where the time limit stops the flow: what has started ends, for those who count.
    note(call, outcome, sent)
    tracing.asyncStart.publish(call)
    tracing.asyncEnd.publish(call)
  }
}

function begin<T> (call: BackendCall, send: () => Awaitable<T>): Outcome<Awaitable<T>> {
  try {
    // The stores that a tracer binds hold for what the driver does.
    return { hasFailed: false, result: tracing.start.runStores(call, send) }
  } catch (failure) {
    return { hasFailed: true, failure }
  }
}

/** Whoever traces sees by `result` or `error` that the call is over: `end` alone does not say. */
function note (call: BackendCall, outcome: Outcome<unknown>, sent: string | null): void {
  if (!outcome.hasFailed) {
    call.result = harmlessResult(outcome.result)
    return
  }
  call.error = harmlessCause(outcome.failure, sent)
  tracing.error.publish(call)
}

/** Whether, and how many: all else is a session, or its cookie. */
function harmlessResult (result: unknown): number | boolean | null | undefined {
  return typeof result === 'number' || typeof result === 'boolean' || result === null ? result : undefined
}
