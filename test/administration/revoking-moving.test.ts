import t from 'tap'
import { MemoryBackend, type BackendContext, type SessionBackend } from '../../lib/index.ts'
import { bench } from '../helpers/session-bench.ts'

/** Finds the sessions of a subject first and removes them afterwards, as a store with an index does. */
class IndexedBackend extends MemoryBackend {
  /** What goes on between the two. */
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

t.test('a session that gets a new id while its subject is revoked ends as well', async t => {
  const backend = new IndexedBackend()
  const [here, there] = [await bench(t, { backend: backend as SessionBackend }), await bench(t, { backend: { ...bound(backend) } })]
  const browser = there.browser()
  await browser.run(({ session }) => session.login('ann'))
  let times = 0
  backend.meanwhile = async () => { if (times++ === 0) await browser.run(({ session }) => session.regenerateId()) }
  await here.app.sessions.revokeSubject('ann')
  t.equal((await browser.run(({ session }) => session.subject)).body, 'null')
  t.strictSame([await here.app.sessions.list()], [{ sessions: [], cursor: null }])
})

t.test('a subject that signs in over and over does not keep its revocation from ending', async t => {
  const backend = new IndexedBackend()
  const site = await bench(t, { backend: backend as SessionBackend })
  let times = 0
  backend.meanwhile = async () => {
    times++
    await site.app.sessions.create({}, { subject: 'ann' }).catch(() => {})
  }
  await site.app.sessions.create({}, { subject: 'ann' })
  await site.app.sessions.revokeSubject('ann')
  t.ok(times <= 10, String(times))
})

/** The same store in another process. */
function bound (backend: IndexedBackend): SessionBackend {
  return {
    atomic: true,
    read: id => backend.read(id),
    write: (id, record, expected) => backend.write(id!, record, expected),
    touch: (id, record) => backend.touch(id, record),
    remove: id => { backend.remove(id) }
  }
}
