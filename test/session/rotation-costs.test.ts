import t, { type Test } from 'tap'
import { MemoryBackend, type SessionBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { collectEvents, createSite } from '../helpers/app.ts'
import { Gate } from '../helpers/gate.ts'

async function stored (t: Test, inner: SessionBackend = new MemoryBackend()) {
  const backend = new FaultyBackend(inner)
  const browser = (await createSite(t, { backend })).browser()
  const id: string = (await browser.run(({ session }) => { session.a = 1; return session.id })).body
  const conflicts = collectEvents(t)
  backend.calls.length = 0
  return {
    backend,
    browser,
    id,
    calls: () => backend.calls.map(({ operation }) => operation),
    conflicts: () => conflicts.filter(({ type }) => type === 'conflict').map(({ id, reason }) => [id, reason])
  }
}

t.test('a new id costs two writes, and no read but the first', async t => {
  const { browser, calls } = await stored(t)
  await browser.run(({ session }) => session.regenerateId())
  t.strictSame(calls(), ['read', 'write', 'write'])
})

t.test('a rotation waits for no commit, and carries over what a commit stored before the old id ends', async t => {
  const { backend, browser, conflicts } = await stored(t)
  const [reached, go] = [new Gate(), new Gate()]
  backend.before('write', async () => {
    reached.open()
    await go.opened
  })
  const other = browser.copy().run(({ session }) => { session.b = 2 })
  await reached.opened
  await browser.run(async ({ session }) => {
    const rotation = session.regenerateId()
    go.open()
    await rotation
  })
  await other
  t.strictSame([await browser.data(), conflicts().map(([, reason]) => reason)], [{ a: 1, b: 2 }, ['version']])
})

t.test('where the backend does not compare, what another request wrote meanwhile is read before the id changes', async t => {
  const { browser } = await stored(t, new MinimalBackend())
  await browser.run(async ({ session }) => {
    await browser.copy().run(other => { other.session.b = 2 })
    await session.regenerateId()
  })
  t.strictSame(await browser.data(), { a: 1, b: 2 })
})

t.test('a write that comes between is a conflict, and told so', async t => {
  const { backend, browser, id, conflicts } = await stored(t)
  await browser.run(async ({ session }) => {
    backend.before('write', async () => {
      backend.heal()
      await backend.write(id, { ...(await backend.read(id))!, version: 1 })
    })
    await session.regenerateId()
  })
  t.strictSame(conflicts(), [[id, 'version']])
})

t.test('an ending that comes between is told as that alone', async t => {
  const { backend, browser, id, conflicts } = await stored(t)
  await browser.run(async ({ session }) => {
    backend.before('write', async () => {
      backend.heal()
      await backend.remove(id)
    })
    await t.rejects(session.regenerateId(), { code: 'SES_DESTROYED' })
  })
  t.strictSame(conflicts(), [[id, 'gone']])
})
