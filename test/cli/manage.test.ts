import t from 'tap'
import { columns, printable } from '../../lib/cli/terminal.ts'
import { CookieBackend, MemoryBackend } from '../../lib/index.ts'
import { newRecord } from '../helpers/records.ts'
import { createApp, SECRET, collectEvents } from '../helpers/app.ts'
import { cli, configOf, ONE_LINE } from '../helpers/cli.ts'
import { Gate } from '../helpers/gate.ts'

/** An application with sessions, and the path of its options. */
async function site (t: Parameters<typeof createApp>[0]) {
  const options = { backend: new MemoryBackend() }
  const { sessions } = await createApp(t, options)
  return { sessions, options, config: ['--config', configOf(t, options)] }
}

t.test('count and list show the sessions of all, of a subject, and with a label', async t => {
  const { sessions, config } = await site(t)
  t.match(await cli(['list', ...config]), { status: 0, out: 'no sessions\n' })
  const { id } = await sessions.create({ n: 1 }, { subject: 'alice', labels: ['acme', 'staff'] })
  await sessions.create({ n: 2 }, { subject: 'bob', labels: ['acme'] })
  await sessions.create({ n: 3 })
  for (const [filter, counted] of [[[], 3], [['--subject', 'alice'], 1], [['--label', 'acme'], 2], [['--subject', 'bob', '--label', 'staff'], 0]] as const) {
    t.match(await cli(['count', ...config, ...filter]), { status: 0, out: `${counted}\n`, err: '' })
    t.equal((await cli(['list', '--json', ...config, ...filter])).json.sessions.length, counted)
  }
  t.strictSame((await cli(['count', '--json', ...config])).json, { count: 3 })
  const { out } = await cli(['list', '--subject', 'alice', ...config])
  t.match(out, new RegExp(`^ID +SUBJECT +CREATED +LAST SEEN +EXPIRES +LABELS +ABOUT\n${id} +alice +\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ .* acme staff +–\n$`))
  t.match((await cli(['list', '--json', '--subject', 'alice', ...config])).json.sessions, [{ id, data: { n: 1 }, subject: 'alice' }])
})

t.test('a page of a list says where the next one begins', async t => {
  const { sessions, config } = await site(t)
  for (let n = 0; n < 5; n++) await sessions.create({ n })
  const ids = new Set<string>()
  let next: string[] = []
  for (let pages = 0; pages < 3; pages++) {
    const { out } = await cli(['list', '--limit', '2', ...next, ...config])
    for (const [id] of out.matchAll(/^[0-9a-f]{64}/gm)) ids.add(id)
    next = /--cursor=\S+/.exec(out)?.slice(0, 1) ?? []
  }
  t.equal(ids.size, 5)
  t.strictSame(next, [])
})

t.test('what clients have sent cannot steer the terminal', async t => {
  t.equal(printable('a\u001b[2J\u202eb\n'), 'a\\u001b[2J\\u202eb\\u000a')
  t.equal(columns([['a', 'b'], ['ccc', 'd']], '  '), '  a    b\n  ccc  d')
  const { options, config } = await site(t)
  const record = newRecord({ subject: 'x\u001b[31m', meta: { about: { agent: '\u009b2J' } } })
  options.backend.bind({ property: 'session', now: Date.now } as never).write(record.id, record)
  const { out } = await cli(['list', ...config])
  t.match(out, 'x\\u001b[31m')
  t.match(out, '{"agent":"\\u009b2J"}')
  for (const character of ['\u001b', '\u009b']) t.notOk(out.includes(character))
})

t.test('revoke ends one session, those of a subject, those with a label, or all, and says how many', async t => {
  const { sessions, config } = await site(t)
  const events = collectEvents(t)
  const create = async (subject: string) => (await sessions.create({}, { subject, labels: ['acme'] })).id
  const id = await create('alice')
  t.match(await cli(['revoke', id, ...config, '--actor', 'ops', '--reason', 'stolen']), { status: 0, out: '1 session ended\n', err: '' })
  t.match(events.at(-1), { type: 'revoked', id, actor: 'ops', reason: 'stolen' })
  t.match(await cli(['revoke', id, ...config]), { status: 0, out: 'no session has this id; nothing to end\n' })
  t.strictSame((await cli(['revoke', id, '--json', ...config])).json, { revoked: 0 })
  for (const subject of ['alice', 'alice', 'bob']) await create(subject)
  t.match(await cli(['revoke', '--subject', 'alice', ...config]), { status: 0, out: '2 sessions ended\n' })
  t.strictSame((await cli(['revoke', '--label', 'acme', '--json', ...config])).json, { revoked: 1 })
  await create('carol')
  t.match(await cli(['revoke', '--all', ...config]), { status: 0, out: 'all sessions ended\n' })
  t.equal(await sessions.count(), 0)
})

t.test('what a backend cannot do is said in one line', async t => {
  const path = configOf(t, { backend: new CookieBackend(), secret: SECRET })
  for (const args of [['count'], ['list'], ['revoke', '--all'], ['revoke', '0'.repeat(64)], ['sweep']]) {
    const { status, err } = await cli([...args, '--config', path])
    t.equal(status, 1)
    t.match(err, ONE_LINE)
    t.match(err, /CookieBackend does not support/)
  }
})

t.test('sweep deletes what has expired in batches, up to a limit, and shows on a terminal how far it is', async t => {
  const clock = { now: Date.now() }
  const options = { backend: new MemoryBackend(), now: () => clock.now, idleTimeout: 60 }
  const { sessions } = await createApp(t, options)
  for (let n = 0; n < 1_203; n++) await sessions.create({ n })
  clock.now += 61_000
  const config = ['--config', configOf(t, options)]
  t.match(await cli(['sweep', '--limit', '1', ...config]), { status: 0, out: '1 expired session deleted\n' })
  t.strictSame((await cli(['sweep', '--limit', '2', '--json', ...config])).json, { removed: 2 })
  const { out, err } = await cli(['sweep', ...config], { isTTY: true })
  t.equal(out, '1200 expired sessions deleted\n')
  t.match(err.replaceAll('\r\u001b[K', '|'), /^\|1000 expired sessions deleted \(\d+\/s\).*\|$/s)
})

t.test('Ctrl-C ends what reads at once, and lets an ending finish, with exit status 130', async t => {
  const stopped = { status: 130, out: '', err: 'fastsessions: interrupted\n' }
  const stop = new AbortController()
  const gate = new Gate()
  const memory = Object.assign(new MemoryBackend(), { bind: undefined })
  const backend = Object.assign(memory, {
    count: async () => {
      stop.abort()
      await gate.opened
      return 0
    }
  })
  t.match(await cli(['count', '--config', configOf(t, { backend })], { signal: stop.signal }), stopped)
  gate.open()
  t.match(await cli(['secret'], { signal: AbortSignal.abort() }), stopped)

  const { sessions, config } = await site(t)
  const { id } = await sessions.create({})
  t.match(await cli(['revoke', id, ...config], { signal: AbortSignal.abort() }), {
    status: 130, out: '1 session ended\n', err: 'fastsessions: interrupted, after finishing what had begun; the same command goes on with the rest\n'
  })
  t.equal(await sessions.exists(id), false)
  t.match(await cli(['sweep', ...config], { signal: AbortSignal.abort() }), { status: 130, out: '0 expired sessions deleted\n' })
})
