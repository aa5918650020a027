import type { SessionPolicy } from '../../types/index.d.ts'
import type { Payload } from '../payload/changes.ts'
import type { SessionContext } from './state.ts'
import type { Base } from '../store/registration.ts'
import { kill } from './end.ts'
import { SessionConflictError, SessionDestroyedError } from '../errors.ts'
import { type Flow } from '../tools/flow.ts'
import { assertValid, isEmpty, joinChanges, type Wanted } from './draft.ts'
import { assertNotRevoked, lastRevocation, withMark } from './revocations.ts'
import { assertFits, finish, sendCookie, show } from './write.ts'

const MAX_TRIES = 10

/** What a session becomes under a new id. */
export interface NewLife {
  readonly kind: 'regenerateId' | 'regenerate' | 'login'
  /** The data to go on with, made from what stands when the old id dies. */
  carry (data: Payload): Payload
  /** The data of a session whose old record is gone: nothing of the old may come back. `null`: it is an error. */
  readonly alone: Payload | null
  /** `undefined` keeps the subject. */
  readonly subject?: string | null
  readonly keepsPolicy: boolean
  readonly keepsCreation: boolean
  /** Whether `request.session` becomes a new object. */
  readonly isNewObject: boolean
}

/**
 * Gives the session a new id: first the new record, which nobody knows a token of yet, then the end of the old one by
 * compare-and-set. What others wrote to the old one before its end is carried over; what comes later finds it gone.
 * If the process dies between the two, the old session stands and the new one is out of reach.
 */
export function * rotate (context: SessionContext, life: NewLife): Flow<void> {
  // A sign-in starts over where the session is gone; anything else has nothing to go on with.
  if (context.phase !== 'gone' || life.alone === null) context.assertUsable()
  context.carrier.assertOpen()
  const wanted = context.wanted()
  const mark = life.subject === undefined ? context.policy?.mark : yield * lastRevocation(context.core, life.subject)
  const next = new NextLife(context, life, mark)
  try {
    yield * replaceOld(context, next, wanted)
  } catch (error) {
    // Nobody has its token, but it would be listed among the sessions of its subject.
    yield * next.remove()
    if (error instanceof SessionDestroyedError && context.phase !== 'gone') context.markGone()
    throw error
  }
  next.begin(wanted)
}

function * replaceOld (context: SessionContext, next: NextLife, wanted: Wanted): Flow<void> {
  const { core, base } = context
  if (context.phase === 'gone') return yield * next.writeAlone()
  if (base === null || core.isSelfContained) return yield * next.write(wanted, base?.record.schemaVersion)
  const turn = yield * core.queue.enter(base.record.id)
  // Only success ends the old session: those behind must not take a failure for that.
  let latest: null | undefined
  try {
    yield * compareAndReplace(context, next, base, turn.latest, wanted)
    latest = null
  } finally {
    turn.leave(latest)
  }
}

function * compareAndReplace (context: SessionContext, next: NextLife, read: Base, latest: Base | null | undefined, wanted: Wanted): Flow<void> {
  const { core } = context
  const { id } = read.record
  let stands = core.isAtomic ? (latest === undefined ? read : latest) : yield * core.fetch(id)
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    if (stands === null) return yield * next.writeAlone()
    yield * next.write(joinChanges(core, read, stands, wanted), stands.record.schemaVersion)
    if (yield * kill(core, stands, next.id, context.carrier.request)) return
    stands = yield * core.fetch(id)
    if (stands !== null) core.publish(context.carrier.log, 'conflict', id, 'version')
  }
  throw new SessionConflictError(`${MAX_TRIES} tries were not enough`)
}

/** The session under its new id, until the context takes it over. */
class NextLife {
  readonly #old: SessionContext
  readonly #life: NewLife
  readonly #new: SessionContext
  readonly #mark: number | undefined
  #text = ''

  /** @param mark of the subject's last revocation */
  constructor (context: SessionContext, life: NewLife, mark: number | undefined) {
    this.#old = context
    this.#life = life
    this.#mark = mark
    this.#new = context.successor()
    if (life.keepsCreation) this.#new.createdAt = context.createdAt
  }

  /** Where the old session goes on; `null` when nothing of it does. */
  get id (): string | null { return this.#new.base?.record.id ?? null }

  /** Stores the new record, or what has become of it since the last try. */
  * write ({ text, subject, policy }: Wanted, writtenAs?: number): Flow<void> {
    const { carry, subject: newSubject, keepsPolicy } = this.#life
    const { codec } = this.#old.core
    yield * this.#store(carry(codec.deserialize(text)), newSubject === undefined ? subject : newSubject, keepsPolicy ? policy : null, writtenAs)
  }

  /** The old record is gone: a sign-in starts from nothing, anything else has nothing to go on with. */
  * writeAlone (): Flow<void> {
    const { alone, subject, keepsPolicy } = this.#life
    if (alone === null) throw new SessionDestroyedError('another request ended it')
    yield * this.#store(alone, subject ?? null, keepsPolicy ? this.#old.policy : null)
  }

  * remove (): Flow<void> {
    const { base, core } = this.#new
    if (base === null || core.isSelfContained) return
    yield * core.call('remove', () => core.backend.remove(base.record.id))
    this.#new.base = null
  }

  * #store (data: Payload, subject: string | null, policy: SessionPolicy | null, writtenAs?: number): Flow<void> {
    const context = this.#new
    const { core } = context
    const wanted = { ...core.codec.write(data), subject, policy: withMark(policy, this.#mark) }
    this.#text = wanted.text
    if (isEmpty(wanted, core.codec)) return yield * this.remove()
    assertValid(data, core.codec)
    const record = context.recordOf(context.base, wanted, writtenAs)
    if (core.isSelfContained) {
      const token = yield * core.seal(record, context.writeContext(wanted.text))
      assertFits(core, token, wanted.text)
      context.token = token
    } else if ((yield * core.put(record, context.base?.record.version ?? 0, context.writeContext(wanted.text))) !== true) {
      throw new SessionConflictError('no free id was found')
    }
    context.base = { record, text: wanted.text, tree: wanted.tree }
    // While the old session still stands: when this fails, nothing has changed.
    yield * assertNotRevoked(core, subject, this.#mark)
  }

  /** Makes the request go on with the new session. */
  begin (sent: Wanted): void {
    const { kind, isNewObject, keepsPolicy } = this.#life
    const context = this.#old
    const { core, carrier, base: old, policy } = context
    const { base, token, createdAt } = this.#new
    if (isNewObject) {
      context.replaceObject(core.codec.deserialize(this.#text))
    }
    context.phase = 'loaded'
    if (base === null) {
      context.startEmpty()
      context.createdAt = createdAt
      if (keepsPolicy) context.policy = policy
      if (!isNewObject) show(context, { text: this.#text, tree: null }, sent)
      carrier.clear(true)
    } else {
      finish(context, base, isNewObject ? context.wanted(base) : sent, token)
      sendCookie(context, true)
    }
    if (old !== null || base !== null) core.publish(carrier.log, old === null ? 'created' : 'regenerated', context.id, kind)
  }
}
