import type { Awaitable } from '../../types/index.d.ts'
import type { SessionContext } from '../lifecycle/state.ts'
import { ended, unloaded, type Unloaded } from './stand-ins.ts'
import { loadSession } from '../lifecycle/operations.ts'
import type { Session } from './session.ts'

/** What `request.session` is at this moment: the session, or what stands in for it before it is loaded and after it has ended. */
export class SessionHandle implements Unloaded {
  readonly context: SessionContext
  #unloaded: Session | undefined
  #ended: Session | undefined

  constructor (context: SessionContext) {
    this.context = context
  }

  get visible (): Session {
    const { live, phase } = this.context
    const session = live as unknown as Session
    if (phase === 'ended') return (this.#ended ??= ended(session))
    return live === null ? (this.#unloaded ??= unloaded(this)) : session
  }

  get isLoaded (): boolean { return this.context.isLoaded }

  load (): Awaitable<void> { return loadSession(this.context) }

  /** What to do about a session that is not loaded. */
  get hint (): string {
    const { carrier: { place }, core: { settings: { property } } } = this.context
    return `The session is not loaded (${place}): await request.${property}.load() first, or turn autoload on`
  }
}
