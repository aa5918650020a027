import type { Awaitable } from '../../types/index.d.ts'
import { loadSession } from '../lifecycle/load.ts'
import type { SessionState } from '../lifecycle/state.ts'
import type { Session } from './session.ts'
import { destroyed, notLoaded, type NotLoaded } from './stand-ins.ts'

/** `request.session` at this moment: the session, or a stand-in for a session which is not loaded yet, or destroyed. */
export class SessionHandle implements NotLoaded {
  readonly #state: SessionState
  #notLoaded: Session | undefined
  #destroyed: Session | undefined

  constructor (state: SessionState) {
    this.#state = state
  }

  get visible (): Session {
    const { live, phase } = this.#state
    const session = live as unknown as Session
    if (phase === 'ended') return (this.#destroyed ??= destroyed(session))
    return live === null ? (this.#notLoaded ??= notLoaded(this)) : session
  }

  get isLoaded (): boolean { return this.#state.isLoaded }

  load (): Awaitable<void> { return loadSession(this.#state) }

  /** How to load the session. */
  get hint (): string {
    const { cookies: { place }, registration: { settings: { property } } } = this.#state
    return `The session is not loaded (${place}): await request.${property}.load() first, or turn autoload on`
  }
}
