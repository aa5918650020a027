import t from 'tap'
import { CookieBackend } from '../../lib/backends/cookie.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import { freezeRecord } from '../../lib/record/record.ts'
import { newRecord } from '../helpers/records.ts'

function bound (cacheBytes?: number): CookieBackend {
  const log = { warn () {} } as never
  const context = { property: 'session', now: Date.now, secrets: [Buffer.alloc(32, 'x')], cookie: { name: 'session' }, timeout: 1_000, log }
  return new CookieBackend().bind({ ...context, ...(cacheBytes !== undefined && { cacheBytes }) })
}

const recordOf = (fields: Partial<SessionRecord> = {}) => freezeRecord(newRecord({ id: 'a'.repeat(22), ...fields }))

t.test('a text is at hand once its session has come back, until a later text is', async t => {
  const backend = bound()
  const first = backend.write(null, recordOf({ data: '{"n":1}' }))
  t.equal(backend.known(first), null)
  const record = backend.read(first)
  t.equal(backend.known(first), record)
  const second = backend.write(null, recordOf({ data: '{"n":2}' }))
  t.equal(backend.known(first), null)
  t.equal(backend.known(second)!.data, '{"n":2}')
  t.strictSame(backend.read(first), record, 'an earlier text opens as before')
})

t.test('what is at hand of a written text is what the text opens to', async t => {
  const fields: Array<Partial<SessionRecord>> = [
    {},
    { subject: 'ada' },
    { policy: { idleTimeout: 1_000, absoluteTimeout: undefined as never } },
    { meta: { about: { at: new Date(0), nothing: undefined } as never } },
    { expiresAt: 2 ** 50 },
    { data: '{"emoji":"🧺","lone":"\\ud800"}' }
  ]
  for (const each of fields) {
    const [writer, reader] = [bound(), bound()]
    writer.write(null, recordOf(each))
    const text = writer.write(null, recordOf(each))
    t.strictSame(writer.known(text), reader.read(text), JSON.stringify(each))
    t.ok(Object.isFrozen(writer.known(text)))
  }
})

t.test('a record that the caller changes later stays as it was written', async t => {
  const backend = bound()
  const record = { ...recordOf({ data: '{"n":1}' }) }
  backend.write(null, record)
  const text = backend.write(null, record)
  Object.assign(record, { data: '{"n":2}' })
  t.equal(backend.known(text)!.data, '{"n":1}')
})

t.test('with a cache of no bytes every text is opened', async t => {
  const backend = bound(0)
  const text = backend.write(null, recordOf())
  for (let n = 0; n < 3; n++) {
    t.equal(backend.read(text)!.id, recordOf().id)
    t.equal(backend.known(text), null)
  }
})

t.test('a text that only begins like a known text is opened, and is nothing', async t => {
  const backend = bound()
  backend.write(null, recordOf())
  const text = backend.write(null, recordOf())
  const forged = text.slice(0, -1) + (text.endsWith('A') ? 'Q' : 'A')
  t.equal(backend.known(forged), null)
  t.equal(backend.read(forged), null)
  t.not(backend.known(text), null)
})
