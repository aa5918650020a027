import { createHash } from 'node:crypto'
import { drawCharts } from './charts.js'
import { select } from './contestants/index.js'
import { Entrant } from './entrant.js'
import { load, openAll } from './load.js'
import { requestText } from './connection.js'
import { say } from './prepare.js'
import { save } from './results.js'
import { machine } from './statistics.js'
import { startStores } from './store-servers.js'
import { grid } from './table.js'
import { versions } from './versions.js'

const SIZE = 200
const WARM_UP = 20_000
const COOKIES = 10_000
const MEGABYTE = 1e6

/**
 * Where the heap is after very many requests: each other one comes with a valid cookie and changes its session, the ones
 * between with a cookie that nobody ever gave out, always another one. What grows with requests shows here.
 */
export async function run ({ only, what, isWhole }) {
  const requests = Number(what ?? 1_000_000)
  const chosen = only === undefined ? select().filter(isInProcess) : select(only)
  const stores = await startStores(chosen)
  const heaps = {}
  for (const contestant of chosen) {
    if (contestant.sharesWith !== undefined) continue
    heaps[contestant.name] = await heapOf(contestant, stores.urls, requests)
    say(`${contestant.name}: ${heaps[contestant.name].before} MB before, ${heaps[contestant.name].after} MB after`)
  }
  await stores.stop()
  const result = { about: 'MB of heap after a full garbage collection', requests, machine: machine(), versions: versions(), heaps }
  console.log(grid(['', 'MB before', 'MB after'], Object.entries(heaps).map(([name, { before, after }]) => [name, String(before), String(after)])))
  const isAll = isWhole && what === undefined
  save('heap', result, isAll)
  if (isAll) drawCharts()
}

/** Where sessions are elsewhere, the heap tells little, and takes long. */
const isInProcess = ({ kind, name }) => kind !== 'id' || name.endsWith(', memory')

async function heapOf (contestant, urls, requests) {
  const entrant = await Entrant.start(contestant, { urls, sizes: [SIZE], newCookies: COOKIES, execArgv: ['--expose-gc'] })
  const { child } = entrant
  const requestOf = mixOf(entrant)
  const connections = await openAll(child.port, requestOf)
  const megabytes = async () => Number(((await child.ask('heap')).bytes / MEGABYTE).toFixed(2))
  await load(connections, requestOf, WARM_UP)
  const before = await megabytes()
  await load(connections, requestOf, requests)
  const after = await megabytes()
  for (const connection of connections) connection.close()
  await child.stop()
  return { before, after }
}

function mixOf (entrant) {
  const path = entrant.kind === 'base' ? '/untouched' : '/write'
  const valid = entrant.cookiesOf(SIZE)
  const name = valid[0].split('; ')[0].split('=')[0]
  let n = 0
  return () => {
    n++
    if (n % 2 === 0) return requestText(path, valid[(n / 2) % valid.length])
    return requestText('/untouched', `${name}=${forged(n, valid[0].length)}`)
  }
}

// As long as a valid one, and never the same.
const forged = (n, chars) => createHash('sha512').update(String(n)).digest('base64url').repeat(Math.ceil(chars / 86)).slice(0, chars)
