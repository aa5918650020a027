import type { Awaitable, Callback, SessionLifetime, SessionMembers, SessionPayload } from '../../types/index.d.ts'
import { answer } from './callbacks.ts'
import type { Payload } from '../payload/changes.ts'
import type { Face, SessionContext } from '../lifecycle/state.ts'
import { assertStorable } from '../payload/codec.ts'
import { ReservedKeyError, SessionDestroyedError, SessionSerializationError } from '../errors.ts'
import { destroySession, loadSession, reloadSession, rotateSession, saveSession, transactSession } from '../lifecycle/operations.ts'
import { parseLifetime } from '../config/lifetime-options.ts'
import { assertFreeKey, RESERVED_KEYS } from '../payload/reserved.ts'
import { withMark } from '../lifecycle/revocations.ts'

type AnySessionData = Record<string, unknown>
/** Every member must be there; their types per key are the contract's (types/index.d.ts). */
type MembersOf<T> = { [Name in keyof T]: unknown }

/**
 * `request.session`: data are own properties, so that `session.key`, `Object.keys` and `JSON.stringify` see the data and
 * nothing else; members are accessors on the prototype, so that no key of the data can ever hide one.
 */
export class Session implements MembersOf<SessionMembers> {
  #context: SessionContext

  constructor (context: SessionContext, data: Payload) {
    this.#context = context
    Object.assign(this, data)
  }

  /** Freezes an object that `regenerate()` replaced; it goes on showing what it was. */
  static leaveBehind (session: Session, past: SessionContext): void {
    session.#context = past
    Object.freeze(session)
  }

  // ------------------------------------------------------------------------------------------ data

  get (key: string): unknown { return Object.hasOwn(this, key) ? bag(this)[key] : undefined }
  has (key: string): boolean { return this.get(key) !== undefined }
  data (): SessionPayload<AnySessionData> { return structuredClone(present(this)) }

  set (key: string, value: unknown): this {
    assertFreeKey(key)
    this.#writable()
    if (value === undefined) delete bag(this)[key]
    else bag(this)[key] = value
    return this
  }

  delete (key: string): boolean {
    this.#writable()
    const wasThere = this.has(key)
    delete bag(this)[key]
    return wasThere
  }

  clear (): void {
    const context = this.#writable()
    context.clearData()
    context.subject = null
    context.isCleared = true
  }

  update (partial: SessionPayload<AnySessionData>): this {
    this.#writable()
    const entries = Object.entries(partial)
    for (const [key] of entries) assertFreeKey(key)
    for (const [key, value] of entries) this.set(key, value)
    return this
  }

  // ------------------------------------------------------------------------------------------ what it is

  get id (): string { return this.#context.id }
  get isLoaded (): boolean { return this.#context.isLoaded }
  get isNew (): boolean { return this.#context.base === null }
  get isEmpty (): boolean { return this.#context.subject === null && Object.keys(present(this)).length === 0 }
  get isModified (): boolean { return !Object.isFrozen(this) && this.#context.isModified }
  get createdAt (): Date { return new Date(this.#context.createdAt) }
  get lastAccessedAt (): Date { return new Date(this.#context.lastAccessedAt) }
  get expiresAt (): Date { return new Date(this.#context.expiresAt) }
  get subject (): string | null { return this.#context.subject }

  // ------------------------------------------------------------------------------------------ operations

  touch (): void { this.#writable().isTouchForced = true }

  setLifetime (lifetime: SessionLifetime): void {
    const context = this.#writable()
    const policy = withMark(parseLifetime(lifetime), context.policy?.mark)
    if (JSON.stringify(policy) !== JSON.stringify(context.policy)) context.policy = policy
  }

  load (callback?: Callback): Promise<void>
  load (callback?: Callback): any {
    return answer(() => loadSession(this.#writable()), callback)
  }

  save (callback?: Callback): Promise<void>
  save (callback?: Callback): any {
    return answer(() => saveSession(this.#writable()), callback)
  }

  reload (callback?: Callback): Promise<void>
  reload (callback?: Callback): any {
    return answer(() => reloadSession(this.#writable()), callback)
  }

  regenerateId (callback?: Callback): Promise<void>
  regenerateId (callback?: Callback): any {
    return answer(() => rotateSession(this.#writable(), {
      kind: 'regenerateId', carry: data => data, alone: null, keepsPolicy: true, keepsCreation: true, isNewObject: false
    }), callback)
  }

  regenerate (keep?: readonly string[] | Callback, callback?: Callback): Promise<void>
  regenerate (keep?: readonly string[] | Callback, callback?: Callback): any {
    const keys = typeof keep === 'function' ? [] : keep ?? []
    return answer(() => rotateSession(this.#writable(), {
      kind: 'regenerate', carry: data => pick(data, keys), alone: {}, subject: null, keepsPolicy: false, keepsCreation: false, isNewObject: true
    }), typeof keep === 'function' ? keep : callback)
  }

  login (subject: string, data?: SessionPayload<AnySessionData> | Callback, callback?: Callback): Promise<void>
  login (subject: string, data?: SessionPayload<AnySessionData> | Callback, callback?: Callback): any {
    const added = typeof data === 'function' ? {} : data ?? {}
    return answer(() => {
      assertSubject(subject)
      for (const key of Object.keys(added)) assertFreeKey(key)
      return rotateSession(this.#writable(), {
        kind: 'login', carry: data => ({ ...data, ...added }), alone: added, subject, keepsPolicy: true, keepsCreation: false, isNewObject: false
      })
    }, typeof data === 'function' ? data : callback)
  }

  destroy (callback?: Callback): Promise<void>
  destroy (callback?: Callback): any {
    return answer(() => {
      const context = this.#context
      return context.phase === 'ended' ? undefined : destroySession(this.#writable())
    }, callback)
  }

  transaction<T> (fn: (data: SessionPayload<AnySessionData>) => Awaitable<T>): Promise<T> {
    return answer(() => transactSession(this.#writable(), fn), undefined) as Promise<T>
  }

  // An object that regenerate() or destroy() left behind can be read, and nothing else.
  #writable (): SessionContext {
    const context = this.#context
    if (context.phase === 'ended') throw new SessionDestroyedError('this request destroyed it')
    if (context.live !== bag(this)) throw new SessionDestroyedError('it was regenerated; use request.session')
    return context
  }
}

sealPrototype(Session.prototype)

/** Turns every member into an accessor whose setter throws, in sloppy mode too; V8 inlines it at no cost. */
function sealPrototype (prototype: object): void {
  for (const name of RESERVED_KEYS) {
    const member = Object.getOwnPropertyDescriptor(prototype, name)
    const { value } = member ?? {}
    Object.defineProperty(prototype, name, {
      get: name === '__proto__' ? prototypeOf : member?.get ?? (() => value),
      set () { throw new ReservedKeyError(name) },
      enumerable: false,
      configurable: false
    })
  }
}

function prototypeOf (this: object): object | null { return Object.getPrototypeOf(this) }

/** Sessions as applications see them. */
export const face: Face = {
  create: (context, data) => bag(new Session(context, data)),
  leaveBehind: (live, past) => { Session.leaveBehind(live as unknown as Session, past) }
}

/** The data without keys that are set to `undefined`: those are absent. */
function present (session: Session): Payload {
  return Object.fromEntries(Object.entries(session).filter(([, value]) => value !== undefined))
}

function bag (session: Session): Payload { return session as unknown as Payload }

function pick (data: Payload, keys: readonly string[]): Payload {
  return Object.fromEntries(keys.filter(key => Object.hasOwn(data, key)).map(key => [key, data[key]]))
}

export function assertSubject (subject: unknown): asserts subject is string {
  if (typeof subject !== 'string' || subject === '') {
    throw new SessionSerializationError('subject', `must be a string that is not empty, got ${subject === '' ? '\'\'' : typeof subject}`)
  }
  assertStorable('subject', subject)
}
