import { EventEmitter } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { main, type ProgramProcess } from '../../lib/cli/index.ts'
import { MemoryBackend } from '../../lib/index.ts'
import { RedisBackend } from '../../lib/redis.ts'
import { freshTable, openDatabase } from '../helpers/databases.ts'
import { FileBackend } from '../../lib/file.ts'
import { createApp } from '../helpers/app.ts'
import { configOf, folder, moduleInside, ONE_LINE, program } from '../helpers/cli.ts'
import { Gate } from '../helpers/gate.ts'
import { newPrefix, sharedRedis } from '../helpers/redis.ts'
import { sharedServer } from '../helpers/servers.ts'
import { createSessionTable, DatabaseBackend } from '../../lib/database.ts'

/** A process that only says how it would end. */
class OwnProcess extends EventEmitter {
  readonly argv: string[]
  readonly env = {}
  readonly ended: Promise<number>
  readonly stdin = { async * [Symbol.asyncIterator] () {} }
  readonly stdout = new OwnStream()
  readonly stderr = new OwnStream()
  exit!: (status: number) => void

  constructor (...args: string[]) {
    super()
    this.argv = ['node', 'fastsessions', ...args]
    this.ended = new Promise(resolve => { this.exit = resolve })
  }
}

class OwnStream extends EventEmitter {
  text = ''
  write (text: string, done?: () => void): void {
    this.text += text
    done?.()
  }
}

/** Starts the program in this process. */
function start (...args: string[]) {
  const own = new OwnProcess(...args)
  const said: unknown[] = []
  const say = (text: unknown) => { said.push(text) }
  const talk = { debug: say, error: say, info: say, log: say, trace: say, warn: say }
  own.on('warning', say)
  return { own, said, talk, done: main(own as unknown as ProgramProcess, talk) }
}

t.test('the program ends the process with the status of its command', async t => {
  const { own } = start('--version')
  t.equal(await own.ended, 0)
  t.match(own.stdout.text, /^\d+\.\d+\.\d+/)
  t.equal(await start('frobnicate').own.ended, 2)
})

t.test('what the module writes is left out, unless --verbose asks for it', async t => {
  const quiet = start('--version')
  quiet.talk.error('hello')
  quiet.own.emit('warning', 'experimental')
  t.strictSame(quiet.said, [])
  const loud = start('--version', '--verbose')
  loud.talk.error('hello')
  loud.own.emit('warning', 'experimental')
  t.strictSame(loud.said, ['hello', 'experimental'])
})

t.test('Ctrl-C asks the command to stop, and a second one does not wait', async t => {
  const gate = new Gate()
  const backend = Object.assign(new MemoryBackend(), { bind: undefined, exists: async () => { await gate.pass(); return false } })
  const { own } = start('revoke', '0'.repeat(64), '--config', configOf(t, { backend }))
  await gate.reached
  own.emit('SIGINT')
  t.equal(own.stderr.text, '')
  own.emit('SIGINT')
  t.equal(await own.ended, 130)
  gate.open()
})

t.test('an error that nobody caught, and work that never ends, are one line and exit status 1', async t => {
  for (const [event, says] of [['uncaughtException', /^fastsessions: boom\n$/], ['unhandledRejection', /^fastsessions: boom\n$/], ['beforeExit', /^fastsessions: a module never finished loading/]] as const) {
    const { own } = start('count', '--config', configOf(t, () => new Promise(() => {})))
    own.emit(event, new Error('boom'))
    t.equal(await own.ended, 1)
    t.match(own.stderr.text, says)
  }
})

t.test('a reader that has seen enough is no failure', async t => {
  const { own } = start('count', '--config', configOf(t, () => new Promise(() => {})))
  own.stdout.emit('error')
  t.equal(await own.ended, 0)
})

t.test('as users run it: secret, inspect, a wrong call, and a module without exports', async t => {
  const { out: secret } = await program(['secret'])
  t.match(secret, /^[\w-]{43}\n$/)
  const app = await createApp(t, { secret: secret.trim() })
  const { cookie } = await app.sessions.create({ user: 'ada' } as never)
  t.match(await program(['inspect'], { stdin: cookie, env: { SESSION_SECRET: secret.trim() } }), { status: 0, out: /"user": "ada"/, err: '' })
  t.match(await program(['lits']), { status: 2, err: ONE_LINE })
  t.match(await program(['count', '--config', moduleInside(t, 'console.error("hello")')]), { status: 1, out: '', err: /^fastsessions: .* exports nothing[^\n]*\n$/ })
  t.match(await program(['count', '--config', moduleInside(t, 'await new Promise(() => {})')]), { status: 1, err: ONE_LINE })
})

t.test('as users run it: a server that is down is one line and exit status 1, whatever its client says', async t => {
  const redis = moduleInside(t, 'import { Redis } from \'ioredis\'\nimport { RedisBackend } from \'fastsessions/redis\'\nexport default { timeout: 1, backend: new RedisBackend(new Redis(1)) }')
  const postgres = moduleInside(t, `import pg from 'pg'\nimport { Kysely, PostgresDialect } from 'kysely'\nimport { DatabaseBackend } from 'fastsessions/database'
export default { timeout: 1, backend: new DatabaseBackend(new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ port: 1 }) }) })) }`)
  for (const path of [redis, postgres]) {
    const { status, out, err } = await program(['count', '--config', path])
    t.strictSame([status, out], [1, ''])
    t.match(err, /^fastsessions: (?:Redis|Database)Backend [^\n]*is the server up, and its address right\?\n$/)
  }
})

t.test('as users run it: migrate from Redis to PostgreSQL is stopped by Ctrl-C, goes on beside traffic, and loses nothing', async t => {
  const [redis, { db }] = [await sharedRedis(t), await openDatabase(t, 'PostgreSQL')]
  const [prefix, table] = [newPrefix(), freshTable(t, db)]
  await createSessionTable(db, { table })
  const from = await createApp(t, { backend: new RedisBackend(redis, { prefix }) })
  const to = await createApp(t, { backend: new DatabaseBackend(db, { table, pool: false }) })
  const made = await Promise.all(Array.from({ length: 600 }, async (_, n) => await from.sessions.create({ n } as never, { subject: `user ${n % 50}` })))
  const source = moduleInside(t, `import { Redis } from 'ioredis'\nimport { RedisBackend } from 'fastsessions/redis'
export default { backend: new RedisBackend(new Redis(${JSON.stringify(await sharedServer('redis'))}), { prefix: ${JSON.stringify(prefix)} }) }`)
  // The first writes are slow enough for Ctrl-C, which comes when the module says so.
  const target = moduleInside(t, `import pg from 'pg'\nimport { Kysely, PostgresDialect } from 'kysely'\nimport { DatabaseBackend } from 'fastsessions/database'
const pool = new pg.Pool({ connectionString: ${JSON.stringify(await sharedServer('postgres'))} })
let queries = 0
const log = () => { if (++queries === 300) process.stderr.write('half way\\n') }
export default { backend: new DatabaseBackend(new Kysely({ dialect: new PostgresDialect({ pool }), log }), { table: ${JSON.stringify(table)}, pool: false }) }`)
  const args = ['migrate', '--json', '--from', source, '--to', target]
  const stopped = await program(args, { stopAt: /half way/ })
  t.equal(stopped.status, 130)
  t.match(stopped.json, { failed: 0, complete: false })
  const first = await to.sessions.count()
  t.ok(first > 0 && first < made.length, `${first} sessions`)

  const running = program(args)
  await Promise.all(made.slice(0, 100).map(async ({ cookie }, n) => {
    const session = await from.sessions.open(cookie)
    if (n % 2 === 0) await session.destroy()
    else await session.transaction(data => { (data as any).changed = true })
  }))
  t.match(await running, { status: 0, json: { failed: 0, complete: true } })
  t.match(await program(args), { status: 0 })
  t.match(await program(args), { status: 0, json: { copied: 0, ended: 0, alreadyThere: made.length - 50 } })
  for (const [n, { id }] of made.entries()) {
    const info = await to.sessions.get(id)
    if (n < 100 && n % 2 === 0) t.equal(info, null, 'what has ended has ended')
    else if ((info?.data as any)?.n !== n || (n < 100 && (info?.data as any).changed !== true)) t.fail(`session ${n}: ${JSON.stringify(info?.data)}`)
  }
})

t.test('as users run it: files are listed, swept and revoked', async t => {
  const directory = join(folder(t), 'sessions')
  mkdirSync(directory)
  const { sessions } = await createApp(t, { backend: new FileBackend({ directory }) })
  await sessions.create({ n: 1 } as never, { subject: 'alice' })
  const path = moduleInside(t, `import { FileBackend } from 'fastsessions/file'\nexport default { backend: new FileBackend({ directory: ${JSON.stringify(directory)} }) }`)
  t.match(await program(['list', '--json', '--config', path]), { status: 0, json: { sessions: [{ subject: 'alice' }] } })
  t.match(await program(['sweep', '--config', path]), { status: 0, out: '0 expired sessions deleted\n' })
  t.match(await program(['revoke', '--subject', 'alice', '--config', path]), { status: 0, out: '1 session ended\n' })
  t.equal(await sessions.count(), 0)
})
