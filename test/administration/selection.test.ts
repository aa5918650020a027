import t from 'tap'
import { createSite, kinds } from '../helpers/app.ts'

const refused = { code: 'SES_INVALID_OPTIONS' }
const user: { id?: string } = {}

t.test('a subject that is not known never means everybody', async t => {
  const { app: { sessions } } = await createSite(t, { backend: 'memory' })
  for (const subject of ['ann', 'bob']) await sessions.create({ mail: `${subject}@example.com` }, { subject })
  for (const subject of [user.id, null, '', 7]) {
    const filter = { subject } as never
    for (const operation of ['list', 'count'] as const) {
      await t.rejects(sessions[operation](filter) as Promise<unknown>, { ...refused, message: `Expected \`${operation}.subject\` to be a string that is not empty, got` }, `${operation} ${String(subject)}`)
    }
    await t.rejects(sessions.create({ a: 1 }, filter), { code: subject === undefined ? 'SES_INVALID_OPTIONS' : 'SES_NOT_SERIALIZABLE' }, `create ${String(subject)}`)
    await t.rejects(sessions.revokeSubject(subject as never), { code: 'SES_NOT_SERIALIZABLE' }, `revokeSubject ${String(subject)}`)
  }
  const inherited = Object.create({ subject: undefined })
  await t.rejects(sessions.list(inherited), refused, 'inherited')
  t.equal(await sessions.count(), 2, 'nothing was ended or stored')
})

t.test('an id that is not known is refused, and a text that is no id is the id of no session', async t => {
  const { app: { sessions }, operations } = await createSite(t, { backend: 'memory' })
  for (const operation of ['get', 'exists', 'revoke'] as const) {
    for (const id of [user.id, null, {}, 7]) {
      await t.rejects(sessions[operation](id as never) as Promise<unknown>, { ...refused, message: `Expected \`${operation}.id\` to be the id of a session, got` })
    }
    t.strictSame(operations(), [])
    for (const id of ['', 'x']) await t.resolves(sessions[operation](id) as Promise<unknown>)
    operations()
  }
  t.strictSame([await sessions.get('x'), await sessions.exists('')], [null, false])
})

t.test('unknown keys are refused, and nothing is ended', async t => {
  const { app: { sessions } } = await createSite(t, { backend: 'memory' })
  const { id } = await sessions.create({ a: 1 }, { subject: 'ann' })
  for (const attempt of [
    () => sessions.revokeSubject('ann', { expect: id } as never), () => sessions.revokeSubject('ann', { expect: undefined } as never),
    () => sessions.revokeSubject('ann', { except: null } as never), () => sessions.revokeSubject('ann', null as never),
    () => sessions.list({ subjekt: undefined } as never), () => sessions.count({ user: 'ann' } as never),
    () => sessions.create({}, { subjekt: 'ann' } as never), () => sessions.removeExpired({ max: undefined } as never)
  ] as Array<() => Promise<unknown>>) await t.rejects(attempt(), refused)
  t.equal(await sessions.exists(id), true)
})

t.test('except, limit and cursor may be undefined, and backends do not see them then', async t => {
  const { app: { sessions }, backend } = await createSite(t, { backend: 'memory' })
  await sessions.create({ a: 1 }, { subject: 'ann' })
  backend.calls.length = 0
  t.equal((await sessions.list({ subject: 'ann', limit: undefined, cursor: undefined } as never)).sessions.length, 1)
  t.equal(await sessions.count({ limit: undefined } as never), 1)
  t.equal(await sessions.removeExpired({ limit: undefined } as never), 0)
  t.equal(await sessions.revokeSubject('ann', { except: undefined } as never), 1)
})

t.test('a cookie session is created with a subject that is known, too', async t => {
  for (const kind of kinds) {
    const { app: { sessions } } = await createSite(t, { backend: kind })
    await t.rejects(sessions.create({ a: 1 }, { subject: user.id } as never), refused, kind)
    t.equal((await sessions.open((await sessions.create({ a: 1 }, { subject: 'ann' })).cookie)).subject, 'ann', kind)
  }
})
