import t, { type Test } from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { MinimalBackend } from '../helpers/minimal-backend.ts'
import { createSite } from '../helpers/app.ts'

const ORG = 'org:7'
const SID = 'oidc:https://issuer.example#sid "1"'

async function labelled (t: Test) {
  const site = await createSite(t, { backend: 'memory' })
  const signIn = async (subject: string, labels: string[]) => {
    const browser = site.browser()
    await browser.run(({ session }) => session.login(subject, {}, { labels }))
    return browser
  }
  const ann = await signIn('ann', [ORG, SID])
  const bob = await signIn('bob', [ORG])
  const cat = await signIn('cat', [])
  const subjects = async () => await Promise.all([ann, bob, cat].map(async browser => (await browser.run(({ session }) => session.subject ?? '-')).body))
  return { ...site, ann, bob, cat, subjects, signIn }
}

t.test('sessions are listed and counted by a label, and by subject and label together', async t => {
  const { app: { sessions } } = await labelled(t)
  const listed = async (filter: object) => (await sessions.list(filter)).sessions.map(({ subject, labels }) => [subject, labels]).sort()
  t.strictSame(await listed({ label: ORG }), [['ann', [ORG, SID]], ['bob', [ORG]]])
  t.strictSame(await listed({ label: SID }), [['ann', [ORG, SID]]])
  t.strictSame(await listed({ label: ORG, subject: 'bob' }), [['bob', [ORG]]])
  t.strictSame(await listed({ label: SID, subject: 'bob' }), [])
  t.strictSame(await listed({ label: 'unknown' }), [])
  t.strictSame([await sessions.count({ label: ORG }), await sessions.count({ label: ORG, subject: 'ann' }), await sessions.count({ label: 'x' })], [2, 1, 0])
})

t.test('revokeLabel() ends the sessions with the label, and no others', async t => {
  const { app: { sessions }, subjects, events } = await labelled(t)
  t.equal(await sessions.revokeLabel(SID, { actor: 'issuer', reason: 'backchannel' }), 1)
  t.strictSame(await subjects(), ['-', 'bob', 'cat'])
  t.match(events.find(({ type }) => type === 'revoked'), { reason: 'backchannel', actor: 'issuer', cause: 'revoke', subject: null, id: null })
  t.equal(await sessions.revokeLabel('unknown'), 0)
  t.equal(await sessions.revokeLabel(ORG), 1)
  t.strictSame(await subjects(), ['-', '-', 'cat'])
})

t.test('except spares one session, and nothing of another label', async t => {
  const { app: { sessions }, subjects, ann, cat } = await labelled(t)
  const id = async (browser: typeof ann) => (await browser.run(({ session }) => session.id)).body
  t.equal(await sessions.revokeLabel(ORG, { except: await id(ann) }), 1)
  t.strictSame(await subjects(), ['ann', '-', 'cat'])
  t.equal(await sessions.revokeLabel(ORG, { except: await id(cat) }), 1)
  t.strictSame(await subjects(), ['-', '-', 'cat'])
})

t.test('the spared session keeps its place after a new id, and others do not escape by one', async t => {
  const { app: { sessions }, subjects, ann, backend } = await labelled(t)
  const id = (await ann.run(({ session }) => session.id)).body
  const response = await ann.attempt(async ({ session }) => {
    backend.before('write', async () => {
      backend.heal()
      await sessions.revokeLabel(ORG, { except: id })
    })
    await session.regenerateId()
  })
  t.equal(response.statusCode, 200)
  await ann.run(({ session }) => session.regenerateId())
  t.strictSame(await subjects(), ['ann', '-', 'cat'])
})

t.test('a sign-in with the label that had begun before ends, and one that begins afterwards is new', async t => {
  const { app: { sessions }, backend, browser: open, signIn } = await labelled(t)
  const late = open()
  const { statusCode } = await late.attempt(async ({ session }) => {
    backend.before('write', async () => {
      backend.heal()
      await sessions.revokeLabel(ORG)
    })
    await session.login('dan', {}, { labels: [ORG] })
  })
  t.equal(statusCode, 409)
  const new_ = await signIn('dan', [ORG])
  await new_.run(({ session }) => session.regenerateId())
  t.equal((await new_.run(({ session }) => session.subject)).body, 'dan')
  t.equal(await sessions.count({ label: ORG }), 1)
})

t.test('a session keeps the marks of its subject and of its labels', async t => {
  const { app: { sessions }, signIn } = await labelled(t)
  await sessions.revokeLabel(ORG)
  await sessions.revokeSubject('dan')
  const browser = await signIn('dan', [ORG])
  await browser.run(({ session }) => session.regenerateId())
  await browser.run(({ session }) => session.reauthenticate())
  t.equal((await browser.run(({ session }) => session.subject)).body, 'dan')
})

t.test('create() takes labels and a level', async t => {
  const { app: { sessions } } = await labelled(t)
  const { id } = await sessions.create({} as never, { subject: 'dan', labels: ['new'], level: 'mfa' })
  t.match(await sessions.get(id), { subject: 'dan', labels: ['new'], level: 'mfa' })
  t.equal(await sessions.revokeLabel('new'), 1)
})

for (const label of [undefined, null, '', 7, ['a']]) {
  t.test(`a label that is none never means everybody: ${JSON.stringify(label)}`, async t => {
    const { app: { sessions }, subjects } = await labelled(t)
    await t.rejects(sessions.list({ label: label as never }), { code: 'SES_INVALID_OPTIONS', message: /`list.label`/ })
    await t.rejects(sessions.count({ label: label as never }), { code: 'SES_INVALID_OPTIONS', message: /`count.label`/ })
    await t.rejects(sessions.revokeLabel(label as never), { code: 'SES_NOT_SERIALIZABLE', message: /`label` must be a string/ })
    t.strictSame(await subjects(), ['ann', 'bob', 'cat'])
  })
}

t.test('a label that no session can have is an error too', async t => {
  const { app: { sessions } } = await labelled(t)
  for (const label of ['x'.repeat(256), 'a\0', '\ud800']) {
    await t.rejects(sessions.list({ label }), { code: 'SES_NOT_SERIALIZABLE' })
    await t.rejects(sessions.revokeLabel(label), { code: 'SES_NOT_SERIALIZABLE' })
  }
})

t.test('a backend without labels says so', async t => {
  class WithoutLabels extends MemoryBackend {}
  Object.defineProperty(WithoutLabels.prototype, 'removeLabel', { value: undefined })
  Object.defineProperty(WithoutLabels.prototype, 'bind', { value: undefined })
  for (const backend of [new MinimalBackend(), new WithoutLabels()]) {
    const { app: { sessions } } = await createSite(t, { backend })
    const calls: Array<Promise<unknown>> = [sessions.list({ label: ORG }), sessions.count({ label: ORG }), sessions.revokeLabel(ORG)]
    for (const call of calls) {
      await t.rejects(call, { code: 'SES_NOT_SUPPORTED' })
    }
  }
})
