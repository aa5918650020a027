import type { SessionBackend, SessionRecord } from '../../types/index.d.ts'
import { newRecord } from './records.ts'

const OTHERS = 3
/** What no record has as its version. */
const NEVER = 5

/** A backend whose every read and write comes in one turn with others, so that none is sent alone. The others find nothing. */
export function crowded (backend: SessionBackend): SessionBackend {
  const crowd = <T>(act: () => T, other: () => unknown) => Promise.all([act(), ...Array.from({ length: OTHERS }, other)]).then(([answer]) => answer)
  const together: Partial<SessionBackend> = {
    bind: context => crowded(backend.bind!(context)),
    read: id => crowd(() => backend.read(id), () => backend.read(newRecord().id)),
    write: (id, record, ...rest) => crowd(() => backend.write(id, record, ...rest), () => {
      const other: SessionRecord = { ...record, id: newRecord().id }
      return backend.write(other.id, other, NEVER)
    })
  }
  return new Proxy(backend, {
    get (target, name) {
      const value: unknown = Reflect.get(together, name) ?? Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    }
  })
}
