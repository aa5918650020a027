import { MAX_DATA_BYTES, limited } from './limited.ts'
import { careless, miswriting, wrong, type WrongBackend } from './wrong.ts'

const withLimit = { expires: true, maxDataBytes: MAX_DATA_BYTES }

/** Backends that accept writes over a tombstone or above a limit, or share their objects with callers. */
export const refusing: readonly WrongBackend[] = [
  {
    name: 'creates over a tombstone',
    foundBy: /creates nothing over a tombstone/,
    create: () => careless(({ inner, id, expected }) => expected === 0 && inner.read(id)?.data === '')
  },
  {
    name: 'ends a session by a dead record that expected none',
    foundBy: /ends no session by an expired record that expected none/,
    create: () => careless(({ record, expected }) => expected === 0 && record.expiresAt === 0)
  },
  {
    name: 'gives out the policy that it keeps',
    foundBy: /gives out copies/,
    create: () => {
      const policies = new Map<string, Record<string, unknown>>()
      return wrong({
        write: (inner, id, record, expected) => {
          policies.set(id, { ...record.policy })
          return inner.write(id, record, expected)
        },
        read (inner, id) {
          const record = inner.read(id)
          return record?.policy ? { ...record, policy: policies.get(record.id)! } : record
        }
      })
    }
  },
  {
    name: 'says that all sessions are removed, and removes them later',
    foundBy: /ends every session that was stored before all were removed/,
    create: () => {
      const backend = wrong({})
      const removeAll = backend.removeAll!.bind(backend)
      return Object.assign(backend, { removeAll: () => { setTimeout(removeAll, 5) } })
    }
  },
  {
    name: 'empties the index of a subject while a session is about to be stored',
    foundBy: /finds by its subject every session that lives on/,
    create: () => {
      const index = new Set<string>()
      const backend = wrong({
        write: async (inner, id, record, expected) => {
          index.add(id)
          await new Promise(resolve => { setImmediate(resolve) })
          return inner.write(id, record, expected)
        },
        list (inner, filter) {
          const { sessions, cursor } = inner.list(filter)
          return { sessions: sessions.filter(({ id }) => index.has(id)), cursor }
        }
      })
      const removeAll = backend.removeAll!.bind(backend)
      return Object.assign(backend, {
        removeAll: async () => {
          await removeAll()
          index.clear()
        }
      })
    }
  },
  {
    name: 'loses the old payload over one that is too large',
    foundBy: /refuses a payload above its limit/,
    capabilities: withLimit,
    create: () => limited(MAX_DATA_BYTES, (inner, id) => { inner.remove(id) })
  },
  {
    name: 'cuts a payload that is too large instead of refusing it',
    foundBy: /refuses a payload above its limit/,
    capabilities: withLimit,
    create: () => miswriting(({ data }) => ({ data: data.slice(0, MAX_DATA_BYTES) }))
  }
]
