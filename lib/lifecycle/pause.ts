const FIRST_PAUSE_MS = 2
const MAX_PAUSE_MS = 100

/** Waits a random time, longer with each attempt, so that writers of one session which collide come apart. */
export function pause (attempt: number): Promise<void> {
  const most = Math.min(FIRST_PAUSE_MS * 2 ** attempt, MAX_PAUSE_MS)
  return new Promise(resolve => { setTimeout(resolve, Math.random() * most) })
}
