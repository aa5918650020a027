import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 4096
const pool = Buffer.alloc(POOL_BYTES)
let used = POOL_BYTES

/**
 * Random bytes from node:crypto, drawn in slabs: one system call for many tokens. What was handed out is wiped from the
 * pool, so that a heap dump shows no token of the past. An error of the source is thrown; there is no weaker fallback.
 */
export function randomBytes (size: number): Buffer {
  if (used + size > POOL_BYTES) {
    randomFillSync(pool)
    used = 0
  }
  const bytes = Buffer.allocUnsafeSlow(size)
  pool.copy(bytes, 0, used, used + size)
  pool.fill(0, used, used + size)
  used += size
  return bytes
}

/** A random integer from 1 to 2^48 − 1: the version of one write. */
export function randomVersion (): number {
  return randomBytes(6).readUIntBE(0, 6) || 1
}
