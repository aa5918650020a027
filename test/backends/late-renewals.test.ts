import t from 'tap'
import { newRecord } from '../helpers/records.ts'
import { newSpace, stores } from '../helpers/stores.ts'
import { HOUR_MS, START } from '../helpers/times.ts'

for (const [name, { open }] of Object.entries(stores)) {
  t.test(`a renewal that reaches the store late does not undo a later one (${name})`, async t => {
    const store = await open(t, newSpace())
    const backend = store.bind?.({ property: 'session', now: () => START } as never) ?? store
    const record = newRecord({}, START)
    await backend.write(record.id, record, 0)
    const used = (ms: number) => ({ ...record, lastAccessedAt: record.lastAccessedAt + ms, expiresAt: record.expiresAt + ms })
    await backend.touch!(record.id, used(2 * HOUR_MS))
    t.not(await backend.touch!(record.id, used(HOUR_MS)), false, 'the session is there')
    t.strictSame(await backend.read(record.id), used(2 * HOUR_MS))
    await backend.close?.()
  })
}
