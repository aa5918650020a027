import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServer } from 'vite'
import { build, viteConfig } from './apps/vite.js'

test('a browser that talks to Vite signs in through its proxy, on the address of Vite', async t => {
  const app = await build()
  t.after(() => app.close())
  const api = await app.listen({ port: 0, host: '127.0.0.1' })
  const root = new URL('fixtures/vite', import.meta.url).pathname
  const config = viteConfig(api)
  const vite = await createServer({ root, configFile: false, logLevel: 'error', server: { ...config.server, port: 0, host: '127.0.0.1' } })
  t.after(() => vite.close())
  await vite.listen()
  const address = `http://127.0.0.1:${vite.httpServer.address().port}`

  assert.match(await (await fetch(address)).text(), /<p>Shop/)
  assert.equal((await fetch(`${address}/api/me`)).status, 401)
  const lines = (await fetch(`${address}/api/sign-in/ann`, { method: 'POST' })).headers.getSetCookie()
  // One line, without Domain and, on http, without Secure.
  assert.match(lines.join('\n'), /^session=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/)
  const cookie = lines[0].split(';')[0]
  assert.equal(await (await fetch(`${address}/api/me`, { headers: { cookie } })).text(), 'ann')
})
