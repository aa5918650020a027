import type { SessionBackend, SessionRecord } from '../lib/index.ts'

/** The longest payload that a refusing store takes. */
export const MOST_KB = 64
/** A session with this key cannot be read. */
export const UNREADABLE = 'unreadable'

/**
 * A backend whose driver refuses large sessions, as stores with a limit do, and cannot parse marked ones. Its errors are no
 * errors of the library, and say nothing about the server: other sessions are stored and read as ever.
 */
export function refusing (backend: SessionBackend): SessionBackend {
  const replaced = {
    bind: (...args: Parameters<NonNullable<SessionBackend['bind']>>) => refusing(backend.bind!(...args)),
    async read (id: string) {
      const record = await backend.read(id)
      if (record !== null && hasMark(record)) throw new SyntaxError('Unexpected end of JSON input')
      return record
    },
    async write (...args: Parameters<SessionBackend['write']>) {
      if (args[1].data.length > MOST_KB * 1_024) throw new Error('the item is larger than the store takes')
      return await backend.write(...args)
    }
  }
  return new Proxy(backend, {
    get (target, name) {
      if (name in target && name in replaced) return replaced[name as keyof typeof replaced]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    }
  })
}

function hasMark ({ data }: SessionRecord): boolean { return data.includes(`"${UNREADABLE}"`) }
