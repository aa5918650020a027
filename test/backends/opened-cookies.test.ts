import t from 'tap'
import { CookieBackend } from '../../lib/backends/cookie.ts'
import { OpenedCookies } from '../../lib/backends/opened-cookies.ts'
import { freezeRecord } from '../../lib/record/record.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import { newRecord } from '../helpers/records.ts'

function bound (cacheBytes?: number): CookieBackend {
  const log = { warn () {} } as never
  const context = { property: 'session', now: Date.now, secrets: [Buffer.alloc(32, 'x')], cookie: { name: 'session' }, timeout: 1_000, log }
  return new CookieBackend().bind({ ...context, ...(cacheBytes !== undefined && { cacheBytes }) })
}

const recordOf = (fields: Partial<SessionRecord> = {}) => freezeRecord(newRecord({ id: 'a'.repeat(22), ...fields }))
const textOf = (n: number) => `${n}`.padEnd(100, 'x')

t.test('the last text of a session is at hand once the session has come back', async t => {
  const opened = new OpenedCookies(undefined)
  const [first, second, third] = [1, 2, 3].map(n => recordOf({ data: `{"n":${n}}` })) as [SessionRecord, SessionRecord, SessionRecord]
  opened.set(textOf(1), first)
  t.equal(opened.get(textOf(1)), undefined)
  opened.set(textOf(2), second)
  t.equal(opened.get(textOf(2)), second)
  opened.set(textOf(3), third)
  t.equal(opened.get(textOf(2)), undefined)
  t.equal(opened.get(textOf(3)), third)
})

t.test('a text that only begins like a known text is not known', async t => {
  const opened = new OpenedCookies(undefined)
  opened.set(textOf(1), recordOf())
  opened.set(textOf(1), recordOf())
  t.equal(opened.get(`${textOf(1).slice(0, -1)}y`), undefined)
  t.equal(opened.get(textOf(1).slice(0, 40)), undefined)
})

t.test('with a cache of no bytes nothing is at hand', async t => {
  const opened = new OpenedCookies(0)
  for (let n = 0; n < 3; n++) opened.set(textOf(1), recordOf())
  t.equal(opened.get(textOf(1)), undefined)
  const backend = bound(0)
  const text = backend.write(null, recordOf())
  for (let n = 0; n < 3; n++) t.equal(backend.read(text)!.id, recordOf().id)
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
    const known = writer.read(text)
    t.equal(writer.read(text), known, 'it was at hand')
    t.strictSame(known, reader.read(text), JSON.stringify(each))
    t.ok(Object.isFrozen(known))
  }
})

t.test('a record that the caller changes later stays as it was written', async t => {
  const backend = bound()
  const record = { ...recordOf({ data: '{"n":1}' }) }
  backend.write(null, record)
  const text = backend.write(null, record)
  Object.assign(record, { data: '{"n":2}' })
  t.equal(backend.read(text)!.data, '{"n":1}')
})

t.test('a forged text of a known session opens nothing, and the session stays known', async t => {
  const backend = bound()
  backend.write(null, recordOf())
  const text = backend.write(null, recordOf())
  const known = backend.read(text)
  t.equal(backend.read(text.slice(0, -1) + (text.endsWith('A') ? 'Q' : 'A')), null)
  t.equal(backend.read(text), known)
})
