#!/usr/bin/env node
// Moves applications of others to fastsessions, walks through both, and compares: node bench/applications/run.js --help
import { argumentsOf } from '../../scripts/arguments.js'
import { save } from '../results.js'
import { machine } from '../statistics.js'
import { start } from './child.js'
import { makeCopies } from './copies.js'
import { measurePage } from './measure.js'
import { moves } from './moves/index.js'
import { prepare, say, versionOf } from './prepare.js'
import { startProvider } from './provider.js'
import { report } from './report.js'
import { compareWalks, signedIn } from './walk.js'

const HELP = `node bench/applications/run.js [options]

  Moves applications of others to fastsessions, takes the same walk of requests in both, and compares how many requests of
  a signed-in user they answer. Installs them at the first run. The exit status is 1 where a walk differs.

  --rounds N  the two take turns in each (5)
  --quick     two rounds of few requests: whether all works
  --help      this`

const { values: { rounds, quick } } = argumentsOf(HELP, {
  options: { rounds: { type: 'string' }, quick: { type: 'boolean', default: false } }
}, assertRounds)
const settings = { rounds: Number(rounds ?? (quick ? 2 : 5)), requests: quick ? 500 : 5_000 }

try {
  await run()
} catch (error) {
  say(error.stack)
  process.exitCode = 1
}

function assertRounds ({ values: { rounds } }) {
  if (rounds !== undefined && !/^[1-9]\d*$/.test(rounds)) throw new Error(`Expected --rounds to be a number above 0, got ${rounds}`)
}

async function run () {
  prepare()
  const versions = { fastsessions: versionOf('fastsessions'), fastify: versionOf('fastify') }
  const applications = await compareAll()
  const result = { ...settings, versions, machine: machine(), applications }
  console.log(report(result))
  const faults = applications.flatMap(({ title, faults }) => faults.map(fault => `${title}, ${fault}`))
  for (const fault of faults) say(fault)
  if (faults.length > 0) process.exitCode = 1
  say(`written: ${save('applications', result, faults.length === 0 && rounds === undefined && !quick).pathname}`)
}

async function compareAll () {
  const provider = await startProvider()
  const applications = []
  try {
    for (const move of moves) applications.push(await compare(move, provider.origin))
  } finally {
    provider.stop()
  }
  return applications
}

async function compare (move, provider) {
  const { title, library, sessions, walk } = move
  say(`${title}: copies`)
  const { folders, changed } = makeCopies(move)
  const servers = {}
  try {
    for (const [kind, folder] of Object.entries(folders)) servers[kind] = await start(folder, { provider })
    say(`${title}: the walk`)
    const { faults, differences } = await compareWalks(walk, servers)
    const pages = faults.length === 0 ? await measure(move, servers) : {}
    const about = { title, library, version: versionOf(library), sessions: [sessions, versionOf(sessions)] }
    return { ...about, changed, steps: walk.length, faults, differences, pages }
  } finally {
    for (const server of Object.values(servers)) await server.stop()
  }
}

async function measure ({ title, walk, pages }, servers) {
  const cookies = { published: await signedIn(walk, servers.published.port), moved: await signedIn(walk, servers.moved.port) }
  const figures = {}
  for (const page of pages) {
    say(`${title}: ${page}`)
    figures[page] = await measurePage(page, servers, cookies, settings)
  }
  return figures
}
