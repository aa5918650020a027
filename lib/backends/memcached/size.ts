import type { WriteContext } from '../../../types/index.d.ts'
import { SessionTooLargeError } from '../../errors.ts'

/** Throws `SessionTooLargeError` with the largest keys of the payload, as JSON would have them. */
export function assertFits (bytes: number, limit: number, context: WriteContext | undefined): void {
  if (bytes <= limit) return
  const sizes = Object.entries(context?.data ?? {}).map(([key, value]): [string, number] => [key, Buffer.byteLength(JSON.stringify({ [key]: value })) - 2])
  throw new SessionTooLargeError(bytes, limit, sizes)
}
