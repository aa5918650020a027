import type { FastifyReply } from 'fastify'
import { BackendUnavailableError } from '../errors.ts'

type Answer = (failure: Error | null) => void

/**
 * Hands on what a wait comes to, or an error as soon as the connection or the stream of the request is closed: a slow store
 * must not keep requests of clients that have left.
 *
 * @param answer is called once
 */
export function untilGone (reply: FastifyReply, waiting: PromiseLike<Error | null>, answer: Answer): void {
  let hasAnswered = false
  const once: Answer = failure => {
    if (hasAnswered) return
    hasAnswered = true
    reply.raw.removeListener('close', leave)
    answer(failure)
  }
  const leave = (): void => { once(new BackendUnavailableError('The client left while the session was loading')) }
  reply.raw.on('close', leave)
  waiting.then(once)
}
