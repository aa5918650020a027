import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 4096
const pool = Buffer.alloc(POOL_BYTES)
let used = POOL_BYTES

/**
 * Random bytes from node:crypto, drawn in slabs: one system call for many tokens. What was handed out is wiped from the
 * pool, so that a heap dump shows no token of the past. An error of the source is thrown; there is no weaker fallback.
 */
function draw<T> (size: number, take: (start: number, end: number) => T): T {
  if (used + size > POOL_BYTES) {
    randomFillSync(pool)
    used = 0
  }
  const start = used
  used += size
  const taken = take(start, used)
  pool.fill(0, start, used)
  return taken
}

/** Random bytes in a buffer of their own. */
export function randomBytes (size: number): Buffer {
  return draw(size, (start, end) => Buffer.from(pool.subarray(start, end)))
}

/** Overwrites a part of a buffer with random bytes. */
export function fillRandomly (target: Buffer, start: number, size: number): void {
  draw(size, (from, to) => pool.copy(target, start, from, to))
}

/** Random bytes as base64url. */
export function randomText (size: number): string {
  return draw(size, (start, end) => pool.toString('base64url', start, end))
}

/** A random integer from 1 to 2^48 − 1: the version of one write. */
export function randomVersion (): number {
  return draw(6, start => pool.readUIntBE(start, 6)) || 1
}
