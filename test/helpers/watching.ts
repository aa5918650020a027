import type { SessionBackend, SessionWatch } from '../../types/index.d.ts'

/** What does not come to pass for so long does not. */
const LIMIT_MS = 20_000

/** Waits for what only a server or the network brings about; fails where it does not come. */
export async function until (isSo: () => unknown, problem: string): Promise<void> {
  const end = performance.now() + LIMIT_MS
  while (!await isSo()) {
    if (performance.now() > end) throw new Error(problem)
    await new Promise(resolve => { setTimeout(resolve, 2) })
  }
}

/** A watch that is live, and what it has reported since. */
export interface Ear {
  readonly watch: SessionWatch
  readonly heard: Array<string | null>
  /** Waits for a report. */
  hears (id: string | null): Promise<void>
  /** Waits until the watch is live. */
  lives (): Promise<void>
  /**
   * Asks for so many milliseconds whether it is live, which is what makes it look for a lost connection. Answers when it was live last,
   * in milliseconds from the beginning; -1 for never.
   */
  asks (ms: number): Promise<number>
}

interface Test { teardown (end: () => unknown): unknown }

export async function listening (t: Test, backend: SessionBackend, options: { lease?: number } = {}): Promise<Ear> {
  const ear = openEar(t, backend, options)
  await ear.lives()
  ear.heard.length = 0
  return ear
}

/** The same, though it may not become live. */
export function openEar (t: Test, backend: SessionBackend, options: { lease?: number } = {}): Ear {
  const heard: Array<string | null> = []
  const watch = backend.watch!(id => { heard.push(id) }, options)
  t.teardown(() => watch.close())
  return {
    watch,
    heard,
    hears: async id => { await until(() => heard.includes(id), `${id} is not reported`) },
    lives: async () => { await until(() => watch.isLive, 'the watch does not become live') },
    async asks (ms) {
      const begin = performance.now()
      let last = -1
      await until(() => {
        const at = performance.now() - begin
        if (watch.isLive) last = at
        return at > ms
      }, 'the time does not pass')
      return last
    }
  }
}
