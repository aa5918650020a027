import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import type { SessionReader } from '../../types/index.d.ts'
import { createApp, loose, SECRET } from '../helpers/app.ts'
import { cookieOf } from '../helpers/cookies.ts'
import { Address, User } from '../helpers/deployment.ts'
import { foreignCookies } from '../helpers/foreign.ts'
import { settled } from '../helpers/gate.ts'
import { OLD_APPLICATIONS } from '../helpers/old-applications.ts'

const MOST_TURNS = 1_000

/** Waits until the library's store has lost the record, which goes beside the answer. */
async function removal (reader: SessionReader, header: string): Promise<boolean> {
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const found = await reader.read(foreignCookies(header))
    if (found !== null && 'rejected' in found) return found.rejected === 'unknown'
    await settled()
  }
  return false
}

for (const name of ['@fastify/session', 'express-session']) {
  t.test(`${name}: with clear: true a client whose first answer was lost stays signed in, until it signs out`, async t => {
    const old = await OLD_APPLICATIONS[name]!(t)
    const node = await old.start()
    t.teardown(() => node.close())
    const user = new User(t, await new Address().open(t), 'ada')
    await user.visit('/sign-in?user=ada', node.port)
    const theirs = `${old.cookieName}=${user.cookies.get(old.cookieName)!}`
    const reader = old.reader({ clear: true })
    const app = await createApp(t, { secret: SECRET, backend: new MemoryBackend(), migrateFrom: [reader] })
    app.get('/', async request => loose(request)['user'] ?? null)
    app.get('/sign-out', async request => { await request.session.destroy() })
    const visit = (cookie: string, url = '/') => app.inject({ url, headers: { cookie } })

    t.equal((await visit(theirs)).body, 'ada', 'the answer which is lost')
    t.ok(await removal(reader, theirs))
    const again = await visit(`${old.cookieName}=junk; ${theirs}`)
    t.equal(again.body, 'ada')
    t.equal((await visit(cookieOf(again))).body, 'ada', 'and has our cookie now')
    t.equal((await visit(theirs.replace(/.$/, '_'))).statusCode, 200)
    t.not((await visit(theirs.replace(/.$/, '_'))).body, 'ada', 'only by an authentic cookie')
    await visit(cookieOf(again), '/sign-out')
    t.not((await visit(theirs)).body, 'ada', 'what has ended does not come back')
  })
}
