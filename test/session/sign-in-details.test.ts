import t from 'tap'
import { createSite, kinds } from '../helpers/app.ts'
import type { AnyRequest } from '../helpers/browser.ts'
import { MINUTE_MS, START } from '../helpers/times.ts'

const shown = ({ session }: AnyRequest) => [session.subject, session.signedInAt, session.level, session.labels]
const NOTHING = [null, null, null, []]
const LABELS = ['oidc:issuer#sid', 'org:7']

for (const kind of kinds) {
  t.test(`who has signed in, when, at which level and under which labels (${kind})`, async t => {
    const { browser: open, clock } = await createSite(t, { backend: kind })
    const browser = open()
    const at = (ms: number) => new Date(START + ms).toISOString()

    t.strictSame((await browser.run(shown)).json(), NOTHING)
    await browser.run(({ session }) => { session.basket = 1 })
    t.strictSame((await browser.run(shown)).json(), NOTHING, 'a guest')

    await browser.run(({ session }) => session.login('ann', { a: 1 }, { labels: LABELS, level: 'pwd' }))
    t.strictSame((await browser.run(shown)).json(), ['ann', at(0), 'pwd', LABELS])

    clock.now += MINUTE_MS
    await browser.run(({ session }) => session.regenerateId())
    t.strictSame((await browser.run(shown)).json(), ['ann', at(0), 'pwd', LABELS], 'a new id keeps all')

    await browser.run(({ session }) => session.login('ann'))
    t.strictSame((await browser.run(shown)).json(), ['ann', at(MINUTE_MS), null, []], 'a further sign-in says all anew')

    await browser.run(({ session }) => session.login('ann', undefined, { labels: LABELS, level: 'mfa' }))
    await browser.run(({ session }) => session.login('bob'))
    t.strictSame((await browser.run(shown)).json(), ['bob', at(MINUTE_MS), null, []], 'nothing of another subject')

    await browser.run(({ session }) => session.login('bob', {}, { labels: LABELS, level: 'mfa' }))
    await browser.run(({ session }) => session.regenerate(['a']))
    t.strictSame((await browser.run(shown)).json(), NOTHING, 'after regenerate()')

    await browser.run(({ session }) => session.login('bob', {}, { labels: LABELS, level: 'mfa' }))
    await browser.run(({ session }) => { session.clear(); session.a = 1; return shown({ session } as AnyRequest) })
    t.strictSame((await browser.run(shown)).json(), NOTHING, 'after clear()')
  })

  t.test(`login() takes a callback after each of its arguments (${kind})`, async t => {
    const browser = (await createSite(t, { backend: kind })).browser()
    const calls: unknown[][] = [['ann'], ['ann', { a: 1 }], ['ann', { a: 1 }, { level: 'mfa' }], ['ann', null, { level: 'pwd' }]]
    for (const args of calls) {
      const { body } = await browser.run(({ session }) => new Promise(resolve => {
        const returned = session.login(...args, (error: Error | null) => { resolve(`${error} ${returned}`) })
      }))
      t.equal(body, 'null undefined')
    }
    t.strictSame((await browser.run(shown)).json()[2], 'pwd')
  })
}

t.test('a label that is given twice is one', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(({ session }) => session.login('ann', {}, { labels: ['a', 'b', 'a'] }))
  t.strictSame((await browser.run(({ session }) => session.labels)).json(), ['a', 'b'])
})

t.test('labels are a copy', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(({ session }) => session.login('ann', {}, { labels: ['a'] }))
  t.strictSame((await browser.run(({ session }) => { session.labels.push('b'); return session.labels })).json(), ['a'])
})

const wrong: Array<[options: unknown, code: string, message: RegExp]> = [
  [{ labels: 'a' }, 'SES_INVALID_OPTIONS', /`login.labels` to be an array of at most 4 labels, got "a"/],
  [{ labels: ['a', 'b', 'c', 'd', 'e'] }, 'SES_INVALID_OPTIONS', /at most 4 labels/],
  [{ labels: [7] }, 'SES_NOT_SERIALIZABLE', /`label` must be a string that is not empty, got number/],
  [{ labels: [''] }, 'SES_NOT_SERIALIZABLE', /got ''/],
  [{ labels: Array(2) }, 'SES_NOT_SERIALIZABLE', /got undefined/],
  [{ labels: ['é'.repeat(128)] }, 'SES_NOT_SERIALIZABLE', /at most 255 bytes, and takes 256/],
  [{ labels: ['a\0'] }, 'SES_NOT_SERIALIZABLE', /NUL/],
  [{ labels: ['\ud800'] }, 'SES_NOT_SERIALIZABLE', /lone surrogate/],
  [{ level: '' }, 'SES_INVALID_OPTIONS', /`login.level` to be a string that is not empty/],
  [{ level: 2 }, 'SES_INVALID_OPTIONS', /`login.level`/],
  [{ level: 'x'.repeat(256) }, 'SES_INVALID_OPTIONS', /at most 255 bytes/],
  [{ level: '\ud800' }, 'SES_INVALID_OPTIONS', /well-formed/],
  [{ label: 'a' }, 'SES_INVALID_OPTIONS', /unknown option.*`login.label`|`login.label`/],
  ['mfa', 'SES_INVALID_OPTIONS', /an object with labels or level/]
]

t.test('wrong details of a sign-in are refused, and nothing changes', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(({ session }) => { session.a = 1 })
  for (const [options, code, message] of wrong) {
    await browser.run(async ({ session }) => {
      await t.rejects(session.login('ann', {}, options), { code, message }, JSON.stringify(options))
      t.strictSame([session.subject, session.isModified], [null, false])
    })
  }
})

t.test('labels that take more than 2 kB as JSON are refused', async t => {
  const browser = (await createSite(t, { backend: 'memory' })).browser()
  const labels = ['a', 'b', 'c', 'd'].map(letter => letter + '"'.repeat(254))
  await browser.run(({ session }) => session.login('ann', {}, { labels: labels.slice(0, 3) }))
  await browser.run(async ({ session }) => {
    await t.rejects(session.login('ann', {}, { labels }), { code: 'SES_NOT_SERIALIZABLE', message: /take 2\d\d\d bytes as JSON/ })
  })
})

t.test('subjects are texts of at most 255 bytes', async t => {
  const browser = (await createSite(t)).browser()
  await browser.run(async ({ session }) => {
    await session.login('é'.repeat(127))
    await t.rejects(session.login('é'.repeat(128)), { code: 'SES_NOT_SERIALIZABLE', message: /`subject` must take at most 255 bytes, and takes 256/ })
  })
})
