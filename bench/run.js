#!/usr/bin/env node
// Server CPU per request of fastsessions and its peers: the same payload, the same work, interleaved in one run.
import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const HELP = `npm run bench -- [options]

  --rounds N     rounds; contestants are interleaved in each (9)
  --requests N   requests of each case in each round (4000)
  --only TEXT    contestants whose name contains this, and the base line
`
const here = new URL('./', import.meta.url)
const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, requests: { type: 'string', default: '4000' }, only: { type: 'string' }, help: { type: 'boolean' } }
})
if (options.help) {
  console.log(HELP)
  process.exit()
}
prepare()

const { contestants, versions, payload } = await import('./contestants.js')
const { load } = await import('./load.js')
const { cases, machine, summarize, table } = await import('./report.js')

const [rounds, requests] = [Number(options.rounds), Number(options.requests)]
const names = Object.keys(contestants).filter((name, index) => index === 0 || name.includes(options.only ?? ''))
const base = names[0]
const servers = Object.fromEntries(await Promise.all(names.map(async name => [name, await start(name)])))
const samples = Object.fromEntries(names.map(name => [name, Object.fromEntries(cases.map(title => [title, []]))]))

for (let round = 0; round <= rounds; round++) {
  for (const title of cases) {
    // Each round begins with another one, so that none is always first.
    for (const name of [...names.slice(round % names.length), ...names.slice(0, round % names.length)]) {
      const cost = await measure(servers[name], title)
      // The first round warms up.
      if (round > 0 && cost !== null) samples[name][title].push(cost)
    }
  }
  process.stderr.write(round === 0 ? 'warmed up\n' : `round ${round} of ${rounds}\n`)
}

const summary = summarize(samples, base)
const result = { unit: 'µs of server CPU per request: median, min, max of all rounds; above: median of the difference to the base line', rounds, requests, payloadBytes: JSON.stringify(payload).length, machine: machine(), versions: versions(), summary }
mkdirSync(new URL('results', here), { recursive: true })
writeFileSync(new URL('results/latest.json', here), JSON.stringify(result, null, 2) + '\n')
console.log(`\nµs of server CPU per request, median of ${rounds} rounds of ${requests}, above the base line in brackets`)
console.log(`${JSON.stringify(result.machine)} ${JSON.stringify(result.versions)}\n`)
console.log(table(summary))
for (const { child } of Object.values(servers)) child.disconnect()

function prepare () {
  if (!existsSync(new URL('../dist/index.js', here))) {
    console.error('bench: dist is missing; run npm run build first')
    process.exit(1)
  }
  if (existsSync(new URL('node_modules', here))) return
  console.error('bench: installing the peers …')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: fileURLToPath(here), stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

async function start (name) {
  const child = fork(new URL('server.js', here), [name])
  const [{ port }] = await once(child, 'message')
  const server = { child, port, hasSession: contestants[name].read !== undefined, cookie: 'session=none' }
  if (server.hasSession) await signIn(name, server)
  return server
}

/** Signs in, and checks that the contestant returns the right data. */
async function signIn (name, server) {
  const url = path => `http://127.0.0.1:${server.port}${path}`
  const response = await fetch(url('/login'))
  server.cookie = response.headers.getSetCookie().map(line => line.split(';')[0]).join('; ')
  const text = await (await fetch(url('/read'), { headers: { cookie: server.cookie } })).text()
  if (text !== payload.user.name) throw new Error(`${name} returned ${text}`)
}

async function measure ({ child, port, cookie, hasSession }, title) {
  if (!hasSession && (title === 'read' || title === 'write')) return null
  const path = title === 'read' || title === 'write' ? `/${title}` : '/untouched'
  child.send('start')
  await once(child, 'message')
  const count = await load(port, path, title === 'no cookie' ? '' : cookie, requests)
  child.send('stop')
  const [{ cpuMicroseconds }] = await once(child, 'message')
  return cpuMicroseconds / count
}
