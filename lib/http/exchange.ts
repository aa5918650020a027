import type { DoneFuncWithErrOrRes, FastifyReply } from 'fastify'
import type { SessionContext } from '../lifecycle/state.ts'
import type { BackendUnavailableError } from '../errors.ts'
import { isPromise } from '../tools/flow.ts'
import { SessionHandle } from '../session/handle.ts'
import { commitSession, loadAtOnce } from '../lifecycle/operations.ts'
import type { Session } from '../session/session.ts'
import { varyByCookie } from './caching.ts'
import { holdReply } from './hold.ts'
import { destroyPayload, unwrapResponse } from './body.ts'
import type { ReplyCarrier } from './reply-cookies.ts'

type Done = DoneFuncWithErrOrRes
type Progress = 'open' | 'committing' | 'committed' | 'failed'

/**
 * One session in one request, seen from HTTP: who looked at it, and what happens when the reply is sent. The commit is
 * finished before the head goes out, and there is one, whatever the reply is.
 */
export class Visit {
  readonly context: SessionContext
  readonly #handle: SessionHandle
  readonly #carrier: ReplyCarrier
  readonly #reply: FastifyReply
  /** Whether to load at the first look: a backend that answers at once is not asked before. */
  readonly #loadsAtLook: boolean
  #progress: Progress = 'open'
  #isTouched = false

  constructor (context: SessionContext, carrier: ReplyCarrier, reply: FastifyReply, loadsAtLook: boolean) {
    this.context = context
    this.#handle = new SessionHandle(context)
    this.#carrier = carrier
    this.#reply = reply
    this.#loadsAtLook = loadsAtLook
  }

  /** Whether a handler or a plugin read `request.session`, or the route requires one: only then it counts as use. */
  get isTouched (): boolean { return this.#isTouched }

  /** `request.session`. */
  look (): Session {
    if (!this.#isTouched) this.touch()
    if (this.#loadsAtLook && !this.context.isLoaded) loadAtOnce(this.context)
    return this.#handle.visible
  }

  touch (): void {
    this.#isTouched = true
    this.#reply.raw.on('close', () => { this.#reportLeftovers() })
  }

  /** The onSend hook of a request that has looked at its session. */
  send (payload: unknown, done: Done): void {
    // An error reply after a failed commit, or after a later hook that threw.
    if (this.#progress === 'committed' || this.#progress === 'failed') return done()
    // A second send while the first one waits: the first one wins, and this one must not go on.
    if (this.#progress === 'committing') return
    varyByCookie(this.#reply)
    const { failure } = this.context
    if (failure !== null) return this.#report(failure, payload, done)
    this.#progress = 'committing'
    let committing
    try {
      committing = commitSession(this.context)
    } catch (error) {
      return this.#fail(error as Error, payload, done)
    }
    if (!isPromise(committing)) return this.#finish(payload, done)
    const release = holdReply(this.#reply, payload)
    committing.then(
      () => { release(() => { this.#finish(payload, done) }) },
      (error: Error) => { release(() => { this.#fail(error, payload, done) }) }
    )
  }

  #finish (payload: unknown, done: Done): void {
    this.#progress = 'committed'
    const body = unwrapResponse(this.#reply, payload)
    if (body !== undefined) varyByCookie(this.#reply)
    this.#carrier.flush()
    done(null, body)
  }

  /** A failure that the handler has met already. If an error handler has made an answer of it, that is the answer. */
  #report (failure: BackendUnavailableError, payload: unknown, done: Done): void {
    if (this.#reply.statusCode !== failure.statusCode) return this.#fail(failure, payload, done)
    this.#progress = 'failed'
    this.#carrier.retract()
    presetError(this.#reply, failure)
    done()
  }

  /** Answers with the error's status and without our cookie. */
  #fail (error: Error, payload: unknown, done: Done): void {
    this.#progress = 'failed'
    this.#carrier.retract()
    presetError(this.#reply, error)
    destroyPayload(payload)
    done(error)
  }

  // Runs when the response or the upgraded socket is closed: what is not committed by now never will be.
  #reportLeftovers (): void {
    const { context } = this
    const { place, log } = this.#carrier
    const hasMissedSend = this.#progress === 'open' && this.#reply.sent
    // Else the client went away early; the handler still runs, and its reply will commit.
    if (!hasMissedSend && this.#progress !== 'committed') return
    if (!context.hasLeftovers()) return
    log.warn(hasMissedSend
      ? `changes of the session are lost: the reply was hijacked, written by hand, or sent before they were made; call \`await request.session.save()\` in time (${place})`
      : `changes of the session are lost: they were made after it was committed (${place})`)
  }
}

/** Sets an error's status and headers beforehand, so that an error handler that only sends keeps them. */
export function presetError (reply: FastifyReply, error: Error & { statusCode?: number, headers?: Readonly<Record<string, string>> }): void {
  reply.code(error.statusCode ?? 500).headers(error.headers ?? {})
}
