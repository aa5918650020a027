// An audit log in a table, from the events of the sessions: node examples/audit-log.js
import { subscribe } from 'node:diagnostics_channel'
import Fastify from 'fastify'
import sessions, { MemoryBackend } from 'fastsessions'

// Imported here, since the other examples need no database: `BACKEND=sqlite npm start` installs it too.
const { default: Database } = await import('better-sqlite3')

const app = Fastify({ logger: { level: 'error' } })

const database = new Database(process.env.AUDIT_FILE ?? ':memory:')
database.exec(`CREATE TABLE IF NOT EXISTS audit (
  at TEXT NOT NULL, type TEXT NOT NULL, cause TEXT, reason TEXT, session TEXT, subject TEXT, actor TEXT, request TEXT
)`)
const insert = database.prepare('INSERT INTO audit VALUES (@at, @type, @cause, @reason, @id, @subject, @actor, @requestId)')

const KEPT = new Set(['created', 'regenerated', 'destroyed', 'revoked', 'evicted', 'expired', 'rejected', 'theft'])
subscribe('fastsessions', ({ type, cause, reason, id, subject, actor, requestId }) => {
  if (!KEPT.has(type)) return
  try {
    insert.run({ at: new Date().toISOString(), type, cause, reason, id, subject, actor, requestId })
  } catch (error) {
    // What a subscriber throws would end the process.
    app.log.error(error, 'the audit log cannot be written')
  }
})

await app.register(sessions, { backend: new MemoryBackend(), cookie: { secure: 'auto' }, maxSessionsPerSubject: 2 })

app.get('/sign-in/:name', async request => { await request.session.login(request.params.name) })
app.get('/sign-out', async request => { await request.session.destroy() })
app.get('/lock/:name', async request => {
  return { ended: await app.sessions.revokeSubject(request.params.name, { reason: 'account locked', actor: 'an administrator' }) }
})
app.get('/audit', { config: { session: false } }, async () => database.prepare('SELECT * FROM audit ORDER BY rowid').all())

console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: 'localhost' }))
