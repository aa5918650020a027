import t from 'tap'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend, type Operation } from '../../lib/testing/index.ts'
import type { SessionBackend } from '../../types/index.d.ts'
import { createSite } from '../helpers/app.ts'

const calls: Readonly<Record<string, unknown[]>> = {
  get: ['id'], exists: ['id'], revoke: ['id'], revokeSubject: ['ann'], revokeAll: [], list: [], count: [], removeExpired: []
}

class ThreeMethods implements SessionBackend {
  readonly #memory = new MemoryBackend()
  read (id: string) { return this.#memory.read(id) }
  write (id: string | null, record: any) { return this.#memory.write(id!, record) }
  remove (id: string) { this.#memory.remove(id) }
}

t.test('the cookie backend says what it cannot do', async t => {
  const sessions: any = (await createSite(t, { backend: new CookieBackend() })).app.sessions
  for (const [operation, args] of Object.entries(calls)) {
    await t.rejects(sessions[operation](...args), { code: 'SES_NOT_SUPPORTED', message: new RegExp(`CookieBackend does not support ${operation}\\(\\)`) }, operation)
  }
})

t.test('so does a minimal backend, which can read, end, open and create sessions', async t => {
  const sessions: any = (await createSite(t, { backend: new ThreeMethods() })).app.sessions
  for (const [operation, args] of Object.entries(calls).filter(([operation]) => !['get', 'exists', 'revoke'].includes(operation))) {
    await t.rejects(sessions[operation](...args), { code: 'SES_NOT_SUPPORTED', message: new RegExp(`ThreeMethods does not support ${operation}\\(\\)`) })
  }
  const { id, cookie } = await sessions.create({ a: 1 })
  t.strictSame((await sessions.get(id)).data, { a: 1 })
  t.equal((await sessions.open(cookie)).a, 1)
  await sessions.revoke(id)
  t.equal(await sessions.exists(id), false)
})

t.test('a backend that fails rejects with BackendUnavailableError', async t => {
  const operations: Record<string, Operation> = {
    get: 'read', exists: 'exists', revoke: 'read', revokeSubject: 'removeSubject', revokeAll: 'removeAll', list: 'list', count: 'count', removeExpired: 'removeExpired'
  }
  for (const [operation, args] of Object.entries(calls)) {
    const backend = new FaultyBackend(new MemoryBackend()).fail(operations[operation]!)
    const sessions: any = (await createSite(t, { backend })).app.sessions
    await t.rejects(sessions[operation](...args), { code: 'SES_BACKEND_UNAVAILABLE', statusCode: 503 }, operation)
  }
})

t.test('open() of a backend that fails rejects, too', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const { sessions } = (await createSite(t, { backend })).app
  const { cookie } = await sessions.create({})
  backend.fail('read')
  await t.rejects(sessions.open(cookie), { code: 'SES_BACKEND_UNAVAILABLE' })
})
