import { inspect } from 'node:util'
import t from 'tap'
import { BackendUnavailableError, MemoryBackend } from '../../lib/index.ts'
import { harmlessCause } from '../../lib/store/cause.ts'
import { FaultyBackend } from '../../lib/testing/index.ts'
import { createSite } from '../helpers/app.ts'

const PAYLOAD = '{"card":"4111 1111 1111 1111"}'

t.test('a driver\'s error as a cause keeps what went wrong, and nothing of what was sent', async t => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect', port: 6379 })
  const error = Object.assign(new AggregateError([refused], `OOM for ${PAYLOAD} and ${JSON.stringify(PAYLOAD)}`), {
    name: 'ReplyError', code: 'OOM', errno: -1, sqlState: PAYLOAD, command: { name: 'set', args: ['key', PAYLOAD] }, cause: Object.assign(new Error('inner'), { data: PAYLOAD })
  })
  const cause = harmlessCause(error, PAYLOAD)
  t.match(cause, { name: 'ReplyError', code: 'OOM', errno: -1, message: 'OOM for [payload] and "[payload]"' })
  t.match((cause as AggregateError).errors[0], { message: 'connect ECONNREFUSED', code: 'ECONNREFUSED', syscall: 'connect', port: 6379 })
  t.match(cause.cause, { message: 'inner' })
  t.match(cause.stack, /cause\.test\.ts/, 'and where')
  for (const shown of [inspect(cause, { depth: 9, showHidden: true }), JSON.stringify(cause), inspect({ ...cause }, { depth: 9 })]) t.notMatch(shown, /4111/)
})

t.test('what is thrown and is no error, and causes without an end, make a cause all the same', async t => {
  t.equal(harmlessCause(null, null).message, 'the backend failed with null')
  t.equal(harmlessCause(PAYLOAD, PAYLOAD).message, 'the backend failed with a value of type string')
  const endless = new Error('again')
  endless.cause = endless
  let depth = 0
  for (let cause: unknown = harmlessCause(endless, null); cause instanceof Error; cause = cause.cause) depth++
  t.equal(depth, 5)
  t.equal(harmlessCause(new Error('short'), 'short').message, 'short', 'a text so short could be any word')
})

t.test('whichever call of the backend fails, its error reaches the application without the payload', async t => {
  const backend = new FaultyBackend(new MemoryBackend())
  const site = await createSite(t, { backend })
  const browser = site.browser()
  for (const own of [false, true]) {
    backend.before('write', () => {
      const driver = Object.assign(new Error(`cannot store ${PAYLOAD}`), { command: { args: [PAYLOAD] } })
      throw own ? new BackendUnavailableError('full', { cause: driver }) : driver
    })
    await browser.attempt(async ({ session }) => {
      Object.assign(session, JSON.parse(PAYLOAD))
      const error = await session.save().catch((error: unknown) => error)
      t.type(error, BackendUnavailableError)
      t.type(error.cause, Error)
      t.notMatch(inspect(error, { depth: 9, showHidden: true }), /4111/)
    })
  }
})
