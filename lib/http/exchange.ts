import type { DoneFuncWithErrOrRes, FastifyReply } from 'fastify'
import type { BackendUnavailableError, SessionRequiredError } from '../errors.ts'
import { loadAtOnce } from '../lifecycle/load.ts'
import { commitSession, hasLeftovers, noteCommitFailure } from '../lifecycle/operations.ts'
import { releaseSignal } from '../lifecycle/signals.ts'
import type { SessionState } from '../lifecycle/state.ts'
import { SessionHandle } from '../session/handle.ts'
import type { Session } from '../session/session.ts'
import { isPromise } from '../tools/flow.ts'
import { destroyPayload, isClosed, unwrapResponse } from './body.ts'
import { keepPrivate, varyByCookie } from './caching.ts'
import { forbidKeeping, presetError, withReason } from './error-reply.ts'
import { type HeldReply, holdReply } from './hold.ts'
import type { ReplyCookies } from './reply-cookies.ts'

type Done = DoneFuncWithErrOrRes
type Progress = 'open' | 'committing' | 'committed' | 'failed'

/**
 * A request with its reply, as a session sees them: whether the session was looked at, and what happens when the reply is
 * sent. There is a single commit, whatever the reply is, and the commit is finished before the head goes out.
 */
export class Exchange {
  readonly state: SessionState
  #handle: SessionHandle | undefined
  readonly #cookies: ReplyCookies
  readonly #reply: FastifyReply
  /** Whether the first look loads: a self-contained backend which answers at once is not asked before. */
  readonly loadsAtLook: boolean
  #progress: Progress = 'open'
  #isTouched = false
  #hasTimedOut = false
  #refusal: SessionRequiredError | null = null
  /** While a commit is under way. */
  #held: HeldReply | null = null

  constructor (state: SessionState, cookies: ReplyCookies, reply: FastifyReply, loadsAtLook: boolean) {
    this.state = state
    this.#cookies = cookies
    this.#reply = reply
    this.loadsAtLook = loadsAtLook
  }

  /** Whether a handler or a plugin read `request.session`, or the route requires a session: only then the request counts as use. */
  get isTouched (): boolean { return this.#isTouched }

  /** `request.session`. */
  look (): Session {
    if (!this.#isTouched) this.touch()
    if (this.loadsAtLook && !this.state.isLoaded) loadAtOnce(this.state)
    this.#handle ??= new SessionHandle(this.state)
    return this.#handle.visible
  }

  touch (): void {
    this.#isTouched = true
    // At once too, for a first look in an onSend hook after ours, and for replies that are written by hand.
    varyByCookie(this.#reply)
    this.#reply.raw.on('close', () => { this.#close() })
  }

  /** The route refuses the request: the body of Fastify's own answer to the error says why too. */
  refuse (error: SessionRequiredError): void { this.#refusal = error }

  /** The onSend hook of a request whose session was looked at. */
  send (payload: unknown, done: Done): void {
    this.#send(this.#refusal === null ? payload : withReason(payload, this.#refusal), done)
  }

  #send (payload: unknown, done: Done): void {
    // The reply to an error: of a failed commit, or of a later hook.
    if (this.#progress === 'committed' || this.#progress === 'failed') return done()
    // A second send while the first waits for the commit: the first wins whole, so this send must not go on.
    if (this.#progress === 'committing') return
    varyByCookie(this.#reply)
    const { failure, isLoaded } = this.state
    if (failure !== null) return this.#report(failure, payload, done)
    if (this.#hasTimedOut && !isLoaded) return this.#leave(done)
    this.#progress = 'committing'
    let committing
    try {
      committing = commitSession(this.state)
    } catch (error) {
      return this.#fail(noteCommitFailure(this.state, error), payload, done)
    }
    if (!isPromise(committing)) return this.#finish(payload, done)
    if (this.#hasTimedOut) {
      committing.then(undefined, error => { this.#warnOfLoss('timed-out', 'the handler timed out', noteCommitFailure(this.state, error)) })
      return this.#leave(done)
    }
    this.#held = holdReply(this.#reply, payload)
    committing.then(
      () => { this.#release(() => { this.#finish(payload, done) }) },
      error => {
        const failure = noteCommitFailure(this.state, error)
        this.#release(() => { this.#fail(failure, payload, done) })
      }
    )
  }

  #release (then: () => void): void {
    const held = this.#held
    // The handler's time was over first: the answer is Fastify's.
    if (held === null) return
    this.#held = null
    held.release(then)
  }

  /** Fastify is about to answer with an error of its own, since the time of the handler is over: nothing is waited for any more. */
  timeOut (error: Error): void {
    this.#hasTimedOut = true
    const held = this.#held
    if (held === null) return
    this.#held = null
    this.#progress = 'failed'
    held.abandon()
    this.#cookies.retract()
    presetError(this.#reply, error)
    destroyPayload(held.payload)
  }

  #finish (payload: unknown, done: Done): void {
    this.#progress = 'committed'
    if (isClosed(this.#reply)) {
      // Over HTTP/2 Fastify would not notice, and leave a stream open.
      destroyPayload(payload)
      return done(null, null)
    }
    const body = unwrapResponse(this.#reply, payload)
    if (body !== undefined) varyByCookie(this.#reply)
    this.#cookies.flush()
    if (this.state.subject !== null) keepPrivate(this.#reply)
    done(null, body === undefined ? payload : body)
  }

  /** The answer goes out without the session. */
  #leave (done: Done): void {
    this.#progress = 'failed'
    done()
  }

  /** A failure which the handler has met already. The answer which an error handler has made of the failure stands. */
  #report (failure: BackendUnavailableError, payload: unknown, done: Done): void {
    if (this.#reply.statusCode !== failure.statusCode) return this.#fail(failure, payload, done)
    this.#cookies.retract()
    forbidKeeping(this.#reply, failure)
    this.#leave(done)
  }

  /** Answers with the error's status and without our cookie. */
  #fail (error: Error, payload: unknown, done: Done): void {
    this.#progress = 'failed'
    this.#cookies.retract()
    presetError(this.#reply, error)
    destroyPayload(payload)
    done(error)
  }

  /** Runs when the response or the upgraded socket is closed. */
  #close (): void {
    if (this.#held !== null) destroyPayload(this.#held.payload)
    releaseSignal(this.state)
    this.#reportLeftovers()
  }

  // Changes which are not committed by now never will be.
  #reportLeftovers (): void {
    const hasMissedSend = this.#progress === 'open' && this.#reply.sent
    // Else the client went away early; the handler still runs, and its reply will commit.
    if (!hasMissedSend && this.#progress !== 'committed') return
    if (!hasLeftovers(this.state)) return
    const cause = hasMissedSend
      ? 'the reply was hijacked, written by hand, or sent before they were made; call `await request.session.save()` in time'
      : 'they were made after it was committed'
    this.#warnOfLoss('lost', cause)
  }

  #warnOfLoss (kind: 'lost' | 'timed-out', cause: string, error?: Error): void {
    const { place, log } = this.#cookies
    this.state.registration.warn(log, kind, `changes of the session are lost: ${cause} (${place})`, error)
  }
}
