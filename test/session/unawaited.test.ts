import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import type { AnyRequest } from '../helpers/browser.ts'
import { createSite } from '../helpers/app.ts'
import { settled } from '../helpers/gate.ts'

type Session = AnyRequest['session']

const operations: Readonly<Record<string, (session: Session) => Promise<unknown>>> = {
  'save()': session => session.save(),
  'reload()': session => session.reload(),
  'regenerateId()': session => session.regenerateId(),
  'transaction()': session => session.transaction((data: Record<string, unknown>) => { data['b'] = 1 })
}

/** What a handler meets whose session is ended by a logout while the handler runs. */
async function lost (t: Parameters<typeof createSite>[0], run: (session: Session) => unknown) {
  const site = await createSite(t, { backend: 'memory' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const rejections: unknown[] = []
  const note = (error: unknown) => { rejections.push(error) }
  process.on('unhandledRejection', note)
  const response = await browser.copy().attempt(async ({ session }) => {
    session.seen = true
    await browser.copy().run(other => other.session.destroy())
    await run(session)
  })
  await settled()
  process.off('unhandledRejection', note)
  return { response, rejections, warnings: site.warnings().filter(text => text.includes('nobody waited')) }
}

for (const [name, run] of Object.entries(operations)) {
  t.test(`a ${name} that nobody waits for, and that loses to a logout, is a warning and no unhandled rejection`, async t => {
    const { response, rejections, warnings } = await lost(t, session => { run(session).constructor.toString() })
    t.strictSame([response.statusCode, rejections], [200, []])
    t.match(warnings, [/nobody waited for an operation on the session, and it failed: await it \(GET \/\)/])
  })

  t.test(`a ${name} that is waited for, in whichever way, is the caller's to handle`, async t => {
    const ways: Array<(promise: Promise<unknown>) => Promise<unknown>> = [
      async promise => { await promise },
      promise => promise.catch(error => { throw error }),
      promise => Promise.all([promise]),
      promise => promise.finally(() => {}),
      async promise => { await null; await promise }
    ]
    for (const way of ways) {
      const { warnings } = await lost(t, session => t.rejects(way(run(session)), { code: 'SES_DESTROYED' }))
      t.strictSame(warnings, [])
    }
  })
}

t.test('an operation that nobody waits for, and that loses to another change, is a warning', async t => {
  const site = await createSite(t, { backend: 'memory', onConflict: 'error' })
  const browser = site.browser()
  await browser.run(({ session }) => { session.a = 1 })
  const response = await browser.copy().attempt(async ({ session }) => {
    session.a = 2
    await browser.copy().run(other => { other.session.a = 3 })
    session.save()
    await settled()
    session.a = 3
  })
  t.match(site.warnings(), [/nobody waited/])
  t.ok(response.statusCode === 200 || response.statusCode === 409)
})

t.test('an operation that is waited for is a promise like any other', async t => {
  const site = await createSite(t, { backend: new FaultyBackend(new MemoryBackend()) })
  await site.browser().run(async ({ session }) => {
    session.a = 1
    const saving = session.save()
    t.type(saving, Promise)
    t.equal(saving.then().constructor, Promise)
    t.equal(await saving, undefined)
  })
})
