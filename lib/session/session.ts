import type { Awaitable, Callback, SessionEnding, SessionLifetime, SessionMembers, SessionPayload } from '../../types/index.d.ts'
import { assertSubject, nameOf } from '../config/identity.ts'
import { parseLifetime } from '../config/lifetime-options.ts'
import { NotSupportedError, ReservedKeyError, SessionDestroyedError, SessionRequiredError, SessionSerializationError } from '../errors.ts'
import { loadSession } from '../lifecycle/load.ts'
import { destroySession, reloadSession, rotateSession, saveSession, transactSession } from '../lifecycle/operations.ts'
import { signalOf } from '../lifecycle/signals.ts'
import type { Face, SessionState } from '../lifecycle/state.ts'
import { NEW_LIVES } from '../lifecycle/new-lives.ts'
import { dataOf, fill, readKey, writeKey } from '../payload/bag.ts'
import type { Payload } from '../payload/changes.ts'
import { assertKey, assertKeys, RESERVED_KEYS } from '../payload/reserved.ts'
import { withCapOf } from '../record/lifetime.ts'
import { answer, splitCallback } from './callbacks.ts'
import { DESTROYED } from './messages.ts'
import { signInDetails } from './selection.ts'

type AnySessionData = Record<string, unknown>
type LoginArguments = [subject: string | number, data?: unknown, options?: unknown, callback?: unknown]
/** Every member must be there. Their types are in types/index.d.ts. */
type MembersOf<T> = { [Name in keyof T]: unknown }

/**
 * `request.session`. Data are own properties, so that `session.key`, `Object.keys` and `JSON.stringify` see the data and
 * nothing else. Members are accessors on the prototype, so that no key of the data can ever hide a member; data under a member's name
 * are kept beside (lib/payload/bag.ts).
 */
export class Session implements MembersOf<SessionMembers> {
  #state: SessionState

  constructor (state: SessionState, data: Payload) {
    this.#state = state
    fill(bag(this), data)
  }

  /** Freezes an object which `regenerate()` replaced; the object goes on showing the past. */
  static leaveBehind (session: Session, past: SessionState): void {
    session.#state = past
    Object.freeze(session)
  }

  // ------------------------------------------------------------------------------------------ data

  get (key: string): unknown { return readKey(bag(this), key) }
  has (key: string): boolean { return this.get(key) !== undefined }
  data (): SessionPayload<AnySessionData> { return structuredClone(present(this)) }

  set (key: string, value: unknown): this {
    assertKey(key)
    this.#writable()
    writeKey(bag(this), key, value)
    return this
  }

  delete (key: string): boolean {
    // In a different session plugin this signs out. Here it would leave the user signed in, in silence.
    if (key === undefined) throw new NotSupportedError('delete()', 'a call without a key', 'to end the session, call destroy()')
    this.#writable()
    const wasThere = this.has(key)
    writeKey(bag(this), key, undefined)
    return wasThere
  }

  clear (): void { this.#writable().clear() }

  update (partial: SessionPayload<AnySessionData>): this {
    this.#writable()
    assertPlain(partial, 'update()')
    assertKeys(partial)
    for (const [key, value] of Object.entries(partial)) this.set(key, value)
    return this
  }

  // ------------------------------------------------------------------------------------------ where the session stands

  get id (): string { return this.#state.id }
  /** As different session plugins call the id. */
  get sessionId (): string { return this.#state.id }
  get isLoaded (): boolean { return this.#state.isLoaded }
  get isNew (): boolean { return this.#state.base === null }
  get isEmpty (): boolean { return this.#state.isEmpty }
  get isModified (): boolean { return !Object.isFrozen(this) && this.#state.isModified }
  get createdAt (): Date { return new Date(this.#state.createdAt) }
  get lastAccessedAt (): Date { return new Date(this.#state.lastAccessedAt) }
  get expiresAt (): Date { return new Date(this.#state.expiresAt) }
  get subject (): string | null { return this.#state.subject }
  get signedInAt (): Date | null { return dateOf(this.#state.meta?.signedInAt) }
  get level (): string | null { return this.#state.meta?.level ?? null }
  get labels (): readonly string[] { return [...this.#state.meta?.labels ?? []] }
  get endedBecause (): SessionEnding | null { return this.#state.endedBecause }
  get signal (): AbortSignal { return signalOf(this.#state) }

  // ------------------------------------------------------------------------------------------ operations

  touch (): void { this.#writable().forceRenewal() }

  setLifetime (lifetime: SessionLifetime): void {
    const state = this.#writable()
    const policy = withCapOf(state.policy, parseLifetime(lifetime, state.registration.settings.lifetime))
    const text = JSON.stringify(policy)
    // The lifetime which is stored is no change, also where the request has set a different one before.
    const known = [state.policy, state.base?.record.policy].find(each => each && JSON.stringify(each) === text)
    state.setPolicy(known ?? policy)
  }

  load (callback?: Callback): Promise<void>
  load (callback?: Callback): any {
    return this.#answer(() => loadSession(this.#writable()), callback)
  }

  save (callback?: Callback): Promise<void>
  save (callback?: Callback): any {
    return this.#answer(() => saveSession(this.#writable()), callback)
  }

  reload (callback?: Callback): Promise<void>
  reload (callback?: Callback): any {
    return this.#answer(() => reloadSession(this.#writable()), callback)
  }

  regenerateId (callback?: Callback): Promise<void>
  regenerateId (callback?: Callback): any {
    return this.#answer(() => rotateSession(this.#writable(), NEW_LIVES.regenerateId), callback)
  }

  regenerate (keep?: readonly string[] | Callback, callback?: Callback): Promise<void>
  regenerate (keep?: readonly string[] | Callback, callback?: Callback): any {
    const keys = typeof keep === 'function' ? [] : keep ?? []
    return this.#answer(() => rotateSession(this.#writable(), NEW_LIVES.regenerate(keys)), typeof keep === 'function' ? keep : callback)
  }

  login (...args: LoginArguments): Promise<void>
  login (...args: LoginArguments): any {
    const [given, ...others] = args
    const { values: [data, options], callback } = splitCallback(others)
    const added = data ?? {}
    return this.#answer(() => {
      const subject = nameOf(given)
      assertSubject(subject)
      assertPlain(added, 'login()')
      assertKeys(added)
      return rotateSession(this.#writable(), NEW_LIVES.login(subject, added, signInDetails('login', options)))
    }, callback)
  }

  reauthenticate (options?: { level?: string | undefined } | Callback, callback?: Callback): Promise<void>
  reauthenticate (...args: [options?: unknown, callback?: unknown]): any {
    const { values: [options], callback } = splitCallback(args)
    return this.#answer(() => {
      const { level } = signInDetails('reauthenticate', options)
      if (this.#writable().subject === null) throw new SessionRequiredError('subject')
      return rotateSession(this.#state, NEW_LIVES.reauthenticate(level))
    }, callback)
  }

  destroy (callback?: Callback): Promise<void>
  destroy (callback?: Callback): any {
    return this.#answer(() => {
      return this.#state.phase === 'ended' ? undefined : destroySession(this.#writable())
    }, callback)
  }

  transaction<T> (fn: (data: SessionPayload<AnySessionData>) => Awaitable<T>): Promise<T> {
    return this.#answer(() => transactSession(this.#writable(), fn), undefined) as Promise<T>
  }

  #answer<T> (operation: () => Awaitable<T>, callback: Callback<T> | undefined): Promise<T> | undefined {
    return answer(operation, callback, error => {
      const { registration, cookies: { log, place } } = this.#state
      registration.warn(log, 'unawaited', `nobody waited for an operation on the session, and it failed: await it (${place})`, error)
    })
  }

  // An object which regenerate() or destroy() left behind can be read, and takes no change.
  #writable (): SessionState {
    const state = this.#state
    if (state.phase === 'ended') throw new SessionDestroyedError(DESTROYED)
    if (state.phase === 'past') throw new SessionDestroyedError('it was regenerated; use request.session')
    return state
  }
}

sealPrototype(Session.prototype)

/** Turns every member into an accessor whose setter throws, in sloppy mode too. V8 inlines accessors at no cost. */
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
  create: (state, data) => bag(new Session(state, data)),
  leaveBehind: (live, past) => { Session.leaveBehind(live as unknown as Session, past) }
}

/** The data without keys that are set to `undefined`: such keys are absent. */
function present (session: Session): Payload {
  return Object.fromEntries(Object.entries(dataOf(bag(session))).filter(([, value]) => value !== undefined))
}

function dateOf (instant: number | undefined): Date | null { return instant === undefined ? null : new Date(instant) }

function bag (session: Session): Payload { return session as unknown as Payload }

/** An object that holds keys to write: the letters of a text, or the entries of an array, would be stored one by one. */
function assertPlain (value: unknown, operation: string): asserts value is Payload {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  const kind = value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value
  throw new SessionSerializationError('session', `is written by ${operation} from an object, got ${kind}`)
}
