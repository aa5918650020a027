import t from 'tap'
import { MemoryBackend, type SessionOptions } from '../../lib/index.ts'
import { createApp } from '../helpers/app.ts'

t.test('a session of a newer deployment that does not fit this one hides no other from list()', async t => {
  const backend = new MemoryBackend()
  const deploy = (options: SessionOptions) => createApp(t, { backend, ...options })
  const newer = await deploy({ schemaVersion: 2 })
  const older = await deploy({ schema: { type: 'object', properties: { a: { type: 'number' } } } })
  const { id } = await newer.sessions.create({ a: 'text' })
  await older.sessions.create({ a: 1 })
  t.strictSame((await older.sessions.list()).sessions.map(({ data }) => data), [{ a: 1 }])
  await t.rejects(older.sessions.get(id), { code: 'SES_BACKEND_UNAVAILABLE' })
})
