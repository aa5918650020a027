import { MemoryBackend, type SessionBackend } from '../../lib/index.ts'

/** An atomic backend that answers a conflict with `null`, and does not say what stands. */
export function silentBackend (memory = new MemoryBackend()): SessionBackend {
  return {
    atomic: true,
    bind (context) { memory.bind(context); return this },
    read: id => memory.read(id),
    write: (id, record, expectedVersion) => memory.write(id!, record, expectedVersion) === id ? id : null,
    remove: id => memory.remove(id)
  }
}
