import { randomFillSync } from 'node:crypto'
import { startupSnapshot } from 'node:v8'

const POOL_BYTES = 4096
/** An older pool may be a copy: virtual machines are saved and started again, perhaps several times. */
const MAX_AGE_MS = 1_000
const pool = Buffer.alloc(POOL_BYTES)
let used = POOL_BYTES
let filledAt = 0

// A process that starts from a snapshot of Node must not hand out what its siblings hand out.
if (startupSnapshot.isBuildingSnapshot()) startupSnapshot.addSerializeCallback(forget)

function forget (): void {
  pool.fill(0)
  used = POOL_BYTES
}

/**
 * Takes random bytes of node:crypto from a pool: a single system call serves many tokens. Bytes are wiped from the pool as soon as
 * they are handed out, so that a heap dump shows no earlier token. An error of the random source is thrown, since any
 * fallback would be weaker (docs/security.md C002).
 */
function draw<T> (size: number, take: (start: number, end: number) => T): T {
  if (used + size > POOL_BYTES || performance.now() - filledAt > MAX_AGE_MS) {
    randomFillSync(pool)
    filledAt = performance.now()
    used = 0
  }
  const start = used
  used += size
  const taken = take(start, used)
  pool.fill(0, start, used)
  return taken
}

/** Random bytes in a new buffer. */
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

/** A random integer from 1 to 2^48 − 1, the version of a write. */
export function randomVersion (): number {
  return draw(6, start => pool.readUIntBE(start, 6)) || 1
}
