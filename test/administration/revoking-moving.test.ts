import t from 'tap'
import { MemoryBackend, type BackendContext, type SessionBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite } from '../helpers/app.ts'

/** Finds the sessions of a subject first and removes them afterwards, as a store with an index does. */
class IndexedBackend extends MemoryBackend {
  /** Runs between the two steps. */
  meanwhile: () => unknown = () => {}

  override bind (context: BackendContext): this {
    const inner = super.bind(context)
    const methods = ['read', 'write', 'touch', 'remove', 'list'] as const
    for (const name of methods) Object.defineProperty(this, name, { value: inner[name].bind(inner) })
    return this
  }

  override removeSubject (subject: string): never {
    return this.#remove(subject) as never
  }

  async #remove (subject: string): Promise<number> {
    const found = this.list({ subject }).sessions
    await this.meanwhile()
    const live = found.filter(({ id }) => this.read(id)?.subject === subject)
    for (const { id } of live) this.remove(id)
    return live.length
  }
}

for (const times of [1, 2, 5]) {
  t.test(`a session that gets a new id ${times} times while its subject is revoked ends as well`, async t => {
    const backend = new IndexedBackend()
    const [here, there] = [await createSite(t, { backend: backend as SessionBackend }), await createSite(t, { backend: bound(backend) })]
    const browser = there.browser()
    await browser.run(({ session }) => session.login('ann'))
    const answers: string[] = []
    backend.meanwhile = async () => {
      for (let n = 0; n < times; n++) answers.push((await browser.attempt(({ session }) => session.regenerateId())).body)
    }
    await here.app.sessions.revokeSubject('ann')
    t.equal((await browser.run(({ session }) => session.subject)).body, 'null')
    t.strictSame(await here.app.sessions.list(), { sessions: [], cursor: null })
  })
}

t.test('who signs in after a revocation may change ids and lifetimes, until the next revocation', async t => {
  const backend = new IndexedBackend()
  const site = await createSite(t, { backend: backend as SessionBackend })
  await site.app.sessions.revokeSubject('ann')
  const browser = site.browser()
  await browser.run(({ session }) => session.login('ann'))
  await browser.run(({ session }) => session.regenerateId())
  await browser.run(({ session }) => session.setLifetime({ idleTimeout: '1h' }))
  await browser.run(({ session }) => session.regenerateId())
  t.equal((await browser.run(({ session }) => session.subject)).body, 'ann')
  const other = await site.app.sessions.create({}, { subject: 'ann' })
  const open = await site.app.sessions.open(other.cookie)
  await open.save()
  backend.meanwhile = async () => { t.equal((await browser.attempt(({ session }) => session.regenerateId())).statusCode, 409) }
  await site.app.sessions.revokeSubject('ann')
  t.equal(await site.app.sessions.count(), 0)
})

t.test('a sign-in whose store fails after it was stored leaves no session behind', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  let reads = 0
  backend.before('read', () => { if (++reads === 2) throw new Error('away') })
  await t.rejects(site.app.sessions.create({}, { subject: 'ann' }), { code: 'SES_BACKEND_UNAVAILABLE' })
  backend.heal()
  t.equal(await site.app.sessions.count(), 0)
})

/** A second process on the same store. */
function bound (backend: IndexedBackend): SessionBackend {
  return {
    atomic: true,
    read: id => backend.read(id),
    write: (id, record, expected) => backend.write(id!, record, expected),
    touch: (id, record) => backend.touch(id, record),
    remove: id => { backend.remove(id) },
    removeSubject: subject => backend.removeSubject(subject)
  }
}
