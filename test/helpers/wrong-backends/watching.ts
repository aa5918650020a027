import { MemoryBackend } from '../../../lib/index.ts'
import type { SessionBackend, SessionWatch } from '../../../types/index.d.ts'
import { wrong, type WrongBackend } from './wrong.ts'

type Listener = (id: string | null) => void
type Watch = (inner: SessionBackend, listener: Listener) => SessionWatch

/** A memory backend whose watch has a mistake. */
function hearing (watch: Watch, inner = new MemoryBackend()): SessionBackend {
  const bind = inner.bind.bind(inner)
  const bare = inner.watch.bind(inner)
  return Object.assign(inner, {
    bind: (context: Parameters<typeof bind>[0]) => hearing(watch, bind(context)),
    watch: (listener: Listener) => watch({ ...inner, watch: bare } as never, listener)
  })
}

/** Backends that report too little, or too much. */
export const watching: readonly WrongBackend[] = [
  {
    name: 'reports nothing that was changed',
    foundBy: /reports a session that was changed/,
    create: () => hearing(() => ({ isLive: true, close () {} }))
  },
  {
    name: 'reports no session that ended with its subject',
    foundBy: /reports each session that has ended/,
    create: () => {
      const listeners = new Set<Listener>()
      const backend = wrong({
        write: (inner, id, record, expected) => {
          const answer = inner.write(id, record, expected)
          for (const listener of listeners) listener(id)
          return answer
        }
      })
      return Object.assign(backend, {
        watch (listener: Listener) {
          listeners.add(listener)
          return { isLive: true, close () { listeners.delete(listener) } }
        }
      })
    }
  },
  {
    name: 'reports the sessions of all registrations',
    foundBy: /reports no session of another registration/,
    create: () => {
      const root = new MemoryBackend()
      const everywhere = ['session', 'admin'].map(property => root.bind({ property, now: Date.now } as never))
      return hearing((_inner, listener) => {
        const watches = everywhere.map(backend => backend.watch(listener))
        let isLive = true
        return {
          get isLive () { return isLive },
          close () {
            isLive = false
            for (const watch of watches) watch.close()
          }
        }
      }, root)
    }
  },
  {
    name: 'lets a listener that throws keep reports from others',
    foundBy: /though a listener throws/,
    create: () => {
      const listeners: Listener[] = []
      return hearing((inner, listener) => {
        listeners.push(listener)
        return listeners.length > 1 ? { isLive: true, close () {} } : inner.watch!(id => { for (const each of listeners) each(id) })
      })
    }
  },
  {
    name: 'reports after it was closed',
    foundBy: /reports nothing to a watch that was closed/,
    create: () => hearing((inner, listener) => {
      inner.watch!(listener)
      return { isLive: true, close () {} }
    })
  },
  {
    name: 'never becomes live',
    foundBy: /reports a session that was changed/,
    create: () => hearing(inner => ({ isLive: false, close () { inner.watch!(() => {}) } }))
  }
]
