import { createHmac, hash } from 'node:crypto'
import t from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { fromExpressSession, fromFastifySession } from '../../lib/migrate.ts'
import { createApp, loose } from '../helpers/app.ts'
import { cookieOf, NAME } from '../helpers/cookies.ts'
import { TextStore } from '../helpers/foreign.ts'

const SECRET = 'a secret that is not in the store, of 32 characters and more'
const LIBRARIES = {
  '@fastify/session': [fromFastifySession, 'sessionId', ''],
  'express-session': [fromExpressSession, 'connect.sid', 's:']
} as const

function signed (id: string, secret: string): string {
  return `${id}.${createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')}`
}

for (const [library, [reader, name, prefix]] of Object.entries(LIBRARIES)) {
  t.test(`${library}: nothing that its store holds opens a session here, before it has come in, and after`, async t => {
    const store = new TextStore()
    const id = 'an-id-of-the-old-library-in-its-store'
    store.set(id, { cookie: { expires: null, originalMaxAge: null }, user: 'ada' })
    const app = await createApp(t, { backend: new MemoryBackend(), migrateFrom: [reader({ secret: SECRET, store })] })
    app.get('/', async request => loose(request)['user'] ?? 'nobody')
    const visit = (cookie: string) => app.inject({ url: '/', headers: { cookie } })

    const derived = (secret: string): string => {
      return hash('sha256', JSON.stringify(['fastsessions', 'arrival', 'session', library, secret]), 'base64url')
    }
    const [[key, text]] = [...store.texts] as [[string, string]]
    const guesses = [key, text, `${key}.`, signed(key, ''), signed(key, key), signed(key, text)]
    const cookies = guesses.flatMap(guess => [
      `${name}=${encodeURIComponent(prefix + guess)}`, `${NAME}=${encodeURIComponent(guess)}`, `${NAME}=${derived(guess)}`
    ])
    for (const cookie of cookies) t.equal((await visit(cookie)).body, 'nobody', 'before')
    const first = await visit(`${name}=${encodeURIComponent(prefix + signed(id, SECRET))}`)
    t.equal(first.body, 'ada')
    t.equal(cookieOf(first), `${NAME}=${derived(signed(id, SECRET))}`, 'the token is made as the guesses are')
    for (const cookie of cookies) t.equal((await visit(cookie)).body, 'nobody', 'after')
  })
}
