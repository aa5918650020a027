import type { Callback } from '../../types/index.d.ts'
import { answer } from './callbacks.ts'
import { SessionDestroyedError, SessionNotLoadedError } from '../errors.ts'
import type { Session } from './session.ts'

/** The session behind a stand-in. */
export interface NotLoaded {
  readonly isLoaded: boolean
  /** The loaded session; only asked for once the session is loaded. */
  readonly visible: Session
  load (): unknown
  /** Why the session is not loaded, and what to do. */
  readonly hint: string
}

/**
 * A stand-in which throws `SessionNotLoadedError` for everything but `load`, `isLoaded`, `then` and symbols. Once the
 * session is loaded, a stand-in which was kept from before passes everything on to the session.
 */
export function notLoaded (source: NotLoaded): Session {
  const live = (): Session => {
    if (source.isLoaded) return source.visible
    throw new SessionNotLoadedError(source.hint)
  }
  return new Proxy({}, {
    get (_target, key) {
      if (key === 'isLoaded') return source.isLoaded
      if (!source.isLoaded) {
        if (key === 'load') return load
        // An awaited session must not look like a promise; inspection must not throw.
        if (key === 'then' || typeof key === 'symbol') return undefined
      }
      return bound(live(), key)
    },
    set: (_target, key, value) => Reflect.set(live(), key, value),
    has: (_target, key) => typeof key === 'symbol' ? false : Reflect.has(live(), key),
    deleteProperty: (_target, key) => Reflect.deleteProperty(live(), key),
    defineProperty: (_target, key, descriptor) => Reflect.defineProperty(live(), key, descriptor),
    ownKeys: () => Reflect.ownKeys(live()),
    getOwnPropertyDescriptor: (_target, key) => Reflect.getOwnPropertyDescriptor(live(), key)
  }) as Session

  function load (callback?: Callback): unknown {
    return answer(async () => { await source.load() }, callback, () => {})
  }
}

/** Stands in for a session which the request destroyed: reads as empty, refuses every change. */
export function destroyed (session: Session): Session {
  const refuse = (): never => { throw new SessionDestroyedError('this request destroyed it') }
  return new Proxy(session, {
    get: (target, key) => bound(target, key),
    set: refuse,
    deleteProperty: refuse,
    defineProperty: refuse
  })
}

// Members are accessors which need the session itself as `this`, and not the stand-in.
function bound (session: Session, key: string | symbol): unknown {
  const value: unknown = Reflect.get(session, key)
  return typeof value === 'function' ? value.bind(session) : value
}
