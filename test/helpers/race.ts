import type { Test } from 'tap'
import { MemoryBackend, type SessionOptions } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createProcess, type Work } from './processes.ts'

/**
 * Two processes on a store. `race(mine, other)` runs `mine` in the first process and, between its read and its write, the
 * whole of `other` in the second process.
 */
export async function twoProcesses (t: Test, options: SessionOptions = {}, data: object = { x: 1, y: 1 }) {
  const memory = new MemoryBackend()
  const gate = new FaultyBackend(memory)
  const [first, second] = [await createProcess(t, gate, options), await createProcess(t, memory, options)]
  const { id, cookie } = await second.app.sessions.create(data as Record<string, unknown>)
  return {
    gate,
    cookie,
    second,
    data: async () => (await second.app.sessions.get(id))?.data,
    async race (mine: Work, other: Work) {
      gate.before('write', async () => {
        gate.heal()
        await second.request(cookie, other)
      })
      return await first.request(cookie, mine)
    }
  }
}
