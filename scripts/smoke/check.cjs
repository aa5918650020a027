const assert = require('node:assert/strict')
const expected = require('./exports.json')
const { exports: entries } = require('fastsessions/package.json')

const hasPeers = process.argv.includes('--with-peers')

module.exports = async function check ({ Fastify, sessions, fastsessions, load }) {
  await checkNames(load)
  for (const backend of [new fastsessions.CookieBackend(), new fastsessions.MemoryBackend()]) await countVisits(Fastify, sessions, backend)
}

async function checkNames (load) {
  for (const entry of Object.keys(entries)) {
    if (entry === './package.json') continue
    assert.ok(expected[entry], `${entry} is exported and scripts/smoke/exports.json does not know it`)
    const { names, peer } = expected[entry]
    if (peer !== undefined && !hasPeers) continue
    const found = await load('fastsessions' + entry.slice(1))
    const exported = Object.keys(found).filter(name => !['__esModule', 'module.exports'].includes(name))
    // More is fine; less is not.
    assert.deepEqual(names.filter(name => !exported.includes(name)), [], `names missing in ${entry}`)
  }
}

async function countVisits (Fastify, sessions, backend) {
  const app = Fastify()
  await app.register(sessions, { secret: 'a secret of thirty-two bytes or more', backend })
  app.get('/', async ({ session }) => {
    session.visits = (session.visits ?? 0) + 1
    return session
  })
  const first = await app.inject('/')
  const cookie = first.headers['set-cookie'].split(';')[0]
  const second = await app.inject({ url: '/', headers: { cookie } })
  assert.deepEqual(second.json(), { visits: 2 })
  await app.close()
}
