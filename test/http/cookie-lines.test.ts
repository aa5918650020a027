import { once } from 'node:events'
import http2 from 'node:http2'
import net, { type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { MemoryBackend } from '../../lib/index.ts'
import { createApp, loose, SECRET } from '../helpers/app.ts'
import { NAME } from '../helpers/cookies.ts'

type Site = Awaited<ReturnType<typeof site>>

async function site (t: Test, http2: boolean) {
  const server = http2 ? { http2: true } as never : {}
  const app = await createApp(t, { secret: SECRET, backend: new MemoryBackend() }, { server })
  app.get('/', async request => ({ ...loose(request) }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { cookie } = await app.sessions.create({ user: 'ada' })
  return { port: (app.server.address() as AddressInfo).port, cookie }
}

async function overHttp1 ({ port }: Site, cookies: string[]): Promise<string> {
  const socket = net.connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', chunk => { text += chunk })
  socket.end(`GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${cookies.map(line => `Cookie: ${line}\r\n`).join('')}\r\n`)
  await once(socket, 'close')
  return text.slice(text.indexOf('\r\n\r\n') + 4)
}

async function overHttp2 ({ port }: Site, cookies: string[]): Promise<string> {
  const client = http2.connect(`http://127.0.0.1:${port}`)
  const stream = client.request({ ':path': '/', cookie: cookies })
  let text = ''
  stream.setEncoding('utf8').on('data', chunk => { text += chunk })
  await once(stream, 'end')
  client.close()
  return text
}

t.test('cookies on several lines of a request are found, over HTTP/1 and HTTP/2', async t => {
  for (const [ask, isHttp2] of [[overHttp1, false], [overHttp2, true]] as const) {
    const made = await site(t, isHttp2)
    const { cookie } = made
    for (const cookies of [[cookie], ['a=1', cookie], [cookie, 'b=2'], ['a=1', `b=2; ${cookie}`, 'c=3'], [`${NAME}=${'A'.repeat(43)}`, cookie]]) {
      t.equal(await ask(made, cookies), '{"user":"ada"}')
    }
    t.equal(await ask(made, ['a=1', 'b=2']), '{}')
    // Two lines are two cookies: no pair goes on in the next line.
    const middle = cookie.length - 20
    t.equal(await ask(made, [cookie.slice(0, middle), cookie.slice(middle)]), '{}')
  }
})
