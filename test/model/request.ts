import { commit, write } from './commit.ts'
import { edit } from './edits.ts'
import { login, regenerate, regenerateId } from './new-id.ts'
import { policyOf } from './rules.ts'
import { ModelSession, Refusal } from './session.ts'
import type { Act, Data, Outcome, Route, View } from './steps.ts'
import type { World } from './world.ts'

/** A request, as the contract says: what its handler sees, and what its answer does. */
export class ModelRequest {
  readonly #world: World
  readonly #session: ModelSession
  readonly #views: View[]

  constructor (world: World, route: Route) {
    this.#world = world
    this.#session = new ModelSession(world, route)
    this.#views = [this.#session.view(null)]
  }

  /** Whether the session that the answer was made with is somebody's. */
  get isSignedIn (): boolean { return this.#session.subject !== null }

  /** What the handler does. */
  run (acts: readonly Act[]): void {
    for (const act of acts) this.#views.push(this.#session.view(this.#try(act)))
  }

  #try (act: Act): string | null {
    try {
      this.#do(act)
      return null
    } catch (error) {
      if (error instanceof Refusal) return error.code
      throw error
    }
  }

  #do (act: Act): void {
    const session = this.#session
    if (act.do === 'wait') {
      this.#world.now += act.ms
      return
    }
    // Section 3, `destroy`: terminal for the request.
    if (session.phase === 'destroyed') {
      if (['destroy', 'inside', 'push'].includes(act.do)) return
      throw new Refusal('SES_DESTROYED')
    }
    switch (act.do) {
      case 'assign': session.data[act.key] = structuredClone(act.value); break
      case 'update': Object.assign(session.data, structuredClone(act.data)); break
      case 'setLifetime': session.policy = policyOf(act.lifetime); break
      case 'touch': session.isTouched = true; break
      case 'clear': clear(session); break
      case 'save': save(session); break
      case 'reload': reload(session); break
      case 'transaction': transaction(session, data => { for (const change of act.edits) edit(data, change) }); break
      case 'login': login(session, act.subject, act.data); break
      case 'regenerate': regenerate(session, act.keep); break
      case 'regenerateId': regenerateId(session); break
      case 'destroy': destroy(session); break
      default: edit(session.data, act)
    }
  }

  /** The answer: one commit, before its head. */
  finish (): Outcome {
    const session = this.#session
    try {
      if (session.phase === 'live') commit(session)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      // Section 4.6: a failed commit answers with the status of its error, and without our cookie.
      return { status: 409, views: this.#views, cookie: 'none' }
    }
    this.#world.receive(session.cookie)
    return { status: 200, views: this.#views, cookie: session.wire }
  }
}

/** Drops data and subject, and with the commit also what was added meanwhile. */
function clear (session: ModelSession): void {
  session.data = {}
  session.subject = null
  session.isCleared = true
}

function save (session: ModelSession): void {
  session.assertNotGone()
  commit(session)
  session.assertNotGone()
}

/** Drops local changes and reads again. */
function reload (session: ModelSession): void {
  session.assertNotGone()
  if (session.base === null) {
    session.data = {}
    session.subject = session.policy = null
    session.isCleared = session.isTouched = false
    return
  }
  const record = session.standing(true)
  session.assertNotGone()
  session.show(record!)
}

/** Section 5.1: on fresh data, with the pending changes; all of it is written. */
function transaction (session: ModelSession, change: (data: Data) => void): void {
  if (!session.world.traits.atomic) throw new Refusal('SES_NOT_SUPPORTED')
  session.assertNotGone()
  write(session, change)
  session.assertNotGone()
}

/** Removes the record, also under a new id, and clears the cookie. */
function destroy (session: ModelSession): void {
  if (session.base !== null) session.world.end(session.base.id)
  session.clearCookie()
  session.phase = 'destroyed'
  session.data = {}
  session.subject = null
}
