import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { createSite } from '../helpers/app.ts'
import { START } from '../helpers/times.ts'

const MINUTE_MS = 60_000
const IDLE_MS = 30 * MINUTE_MS

for (const [what, writerMinutes, readerMinutes, livesMinutes] of [
  ['late', 1, -1, 32],
  ['early', -1, 1, 28]
] as const) {
  t.test(`nodes whose clocks are a minute off end a session no more than two minutes ${what}`, async t => {
    const backend = new MemoryBackend()
    const options = { backend, idleTimeout: IDLE_MS / 1_000, renewAfter: 0 }
    const [writer, reader] = [await createSite(t, options), await createSite(t, options)]
    const setTime = (now: number) => {
      writer.clock.now = now + writerMinutes * MINUTE_MS
      reader.clock.now = now + readerMinutes * MINUTE_MS
    }
    setTime(START)
    const { id } = await writer.app.sessions.create({ a: 1 })
    setTime(START + livesMinutes * MINUTE_MS - 1)
    t.equal(await reader.app.sessions.exists(id), true)
    setTime(START + livesMinutes * MINUTE_MS)
    t.equal(await reader.app.sessions.exists(id), false)
  })
}
