import type { Awaitable } from '../../types/index.d.ts'
import { idOfToken, newToken } from '../record/ids.ts'
import { Deadlines } from '../tools/deadlines.ts'
import { type Flow, isPromise, run } from '../tools/flow.ts'
import { Breaker, type BreakerState } from './breaker.ts'
import type { BackendCalls } from './calls.ts'

/** More servers than that are a fleet whose addresses come and go. */
const MAX_SERVERS = 1_000
/** A server which does not answer a single read for so long, after several failures, is down. */
const MAX_QUESTION_MS = 1_000
/** Ids are spread over the servers of a fleet by a hash: among so many, each server has some. */
const MAX_DRAWS = 10_000

/** Tells that a server is down or up again. `server` is empty where the backend has a single server. */
export type OnBreaker = (state: BreakerState, server: string) => void

/** A breaker for each server of a backend, so that a server which is down takes no sessions with it but its own. */
export class Breakers {
  readonly #calls: BackendCalls
  readonly #deadlines: Deadlines
  readonly #onChange: OnBreaker
  readonly #all = new Map<string, Breaker>()

  constructor (calls: BackendCalls, timeoutMs: number, onChange: OnBreaker) {
    this.#calls = calls
    this.#deadlines = new Deadlines(Math.min(timeoutMs, MAX_QUESTION_MS), () => new Error('no answer'))
    this.#onChange = onChange
  }

  /**
   * The breaker of the server which has an id. `null` where no single server is asked: a call for a whole fleet, or a session in
   * its cookie.
   */
  of (id: string | null): Breaker | null {
    const { backend } = this.#calls
    const { serverOf, selfContained } = backend
    if (selfContained === true) return null
    if (serverOf === undefined) return this.#get('')
    return id === null ? null : this.#get(backend.serverOf!(id) ?? '')
  }

  close (): void {
    this.#deadlines.close()
    for (const breaker of this.#all.values()) breaker.close()
    this.#all.clear()
  }

  #get (server: string): Breaker {
    const known = this.#all.get(server)
    if (known !== undefined) return known
    if (this.#all.size >= MAX_SERVERS) this.close()
    const breaker = new Breaker(() => this.#answers(server), state => { this.#onChange(state, server) })
    this.#all.set(server, breaker)
    return breaker
  }

  /** Whether a server answers a read of an id which no session has. */
  #answers (server: string): Awaitable<boolean> {
    const answer = run(this.#question(server), this.#deadlines)
    return isPromise(answer) ? answer.then(undefined, () => false) : answer
  }

  * #question (server: string): Flow<boolean> {
    const id = this.#unusedId(server)
    if (id === null) return true
    const outcome = yield * this.#calls.make('read', id, () => this.#calls.backend.read(id), null)
    return !outcome.hasFailed
  }

  /** `null` where the server has left the fleet: then nothing depends on the server any more. */
  #unusedId (server: string): string | null {
    const { backend, property } = this.#calls
    for (let draws = 0; draws < MAX_DRAWS; draws++) {
      const id = idOfToken(property, newToken())
      if (server === '' || backend.serverOf!(id) === server) return id
    }
    return null
  }
}
