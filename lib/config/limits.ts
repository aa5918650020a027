import type { SessionBackend, SessionOptions } from '../../types/index.d.ts'
import { unexpected } from '../tools/check-options.ts'

/** A sign-in reads the sessions of the subject. */
const MOST = 1_000
const EXPECTED = 'an integer from 1 to 1,000'

/** @throws InvalidOptionsError for what cannot be how many sessions a subject may have */
export function assertLimit (value: unknown, path: string): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST) return value as number
  throw unexpected(path, EXPECTED, value)
}

/** @throws InvalidOptionsError */
export function checkLimit (backend: SessionBackend, { maxSessionsPerSubject: limit, onLimit }: SessionOptions): void {
  if (limit === undefined) {
    if (onLimit !== undefined) throw unexpected('onLimit', 'left out without `maxSessionsPerSubject`', onLimit)
    return
  }
  if (typeof limit !== 'function') assertLimit(limit, 'maxSessionsPerSubject')
  const canCount = backend.atomic === true && backend.list !== undefined && backend.removeSubject !== undefined
  if (canCount) return
  const remedy = 'sessions of a subject are counted exactly by an atomic backend that can list them'
  throw unexpected('maxSessionsPerSubject', `left out with ${backend.constructor?.name ?? 'this backend'}`, limit, remedy)
}
