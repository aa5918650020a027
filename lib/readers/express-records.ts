import type { ForeignRejection, Instant } from '../../types/index.d.ts'
import { type Data, dataOf, isData } from './data.ts'
import { rejected } from './reader.ts'

/** What express-session and @fastify/session keep in a store. */
export interface ExpressRecord {
  readonly data: Data
  /** `null` for a cookie that lasts as long as the browser. */
  readonly expiresAt: Instant | null
  readonly maxAgeMs: number | null
}

/** The record in an answer of a store. Records that fastsessions keeps there itself are no foreign sessions. */
export function recordOf (answer: unknown): ExpressRecord | ForeignRejection {
  const record = dataOf(answer)
  if (record === null || !isData(record['cookie'])) return rejected('corrupt')
  const { cookie, ...data } = record
  if (data['fastsessions'] !== undefined) return rejected('unknown')
  const { expires, originalExpires, originalMaxAge } = cookie as Data
  // After a renewal `originalExpires` is the deadline of before, and both libraries go by `expires`.
  const deadline = expires || originalExpires
  const expiresAt = deadline ? Date.parse(String(deadline)) : null
  if (Number.isNaN(expiresAt)) return rejected('corrupt')
  return { data, expiresAt, maxAgeMs: typeof originalMaxAge === 'number' ? originalMaxAge : null }
}
