import { MemoryBackend, SessionTooLargeError, type BackendContext, type SessionBackend, type SessionRecord } from '../../../lib/index.ts'

export const MAX_DATA_BYTES = 1_048_576

/**
 * A memory backend that refuses payloads above a limit, as Memcached does.
 *
 * @param refusing what it does before it refuses
 */
export function limited (
  maxDataBytes: number, refusing: (inner: SessionBackend, id: string) => void = () => {}, inner = new MemoryBackend()
): SessionBackend {
  const write = inner.write.bind(inner)
  const bind = inner.bind.bind(inner)
  return Object.assign(inner, {
    bind: (context: BackendContext) => limited(maxDataBytes, refusing, bind(context)),
    write (id: string, record: SessionRecord, expected?: number) {
      if (record.data.length <= maxDataBytes) return write(id, record, expected)
      refusing(inner, id)
      throw new SessionTooLargeError(record.data.length, maxDataBytes)
    }
  }) as SessionBackend
}
