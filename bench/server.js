// One contestant in a process of its own. Does what its parent says, one thing at a time: { do, ... } in, one answer out.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Allocation } from './allocation.js'
import { create } from './contestants/index.js'

const [name, settings] = JSON.parse(process.argv[2])
const folder = mkdtempSync(join(tmpdir(), 'fastsessions-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
process.on('disconnect', () => process.exit())
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit())

let contestant
let cpu
let allocation

const orders = {
  start () {
    allocation = new Allocation()
    cpu = process.cpuUsage()
  },
  stop () {
    const { user, system } = process.cpuUsage(cpu)
    return { cpuMicroseconds: user + system, allocatedBytes: allocation.stop() }
  },
  heap () {
    for (let n = 0; n < 4; n++) globalThis.gc()
    return { bytes: process.memoryUsage().heapUsed }
  },
  calls () {
    const { count } = contestant.calls
    contestant.calls.count = 0
    return { count }
  },
  /** Creates so many sessions, and answers with the cookies of some of them, evenly spread. */
  async fill ({ count, keep, payload, inFlight }) {
    const cookies = []
    let next = 0
    await Promise.all(Array.from({ length: inFlight }, async () => {
      while (next < count) {
        const n = next++
        const { cookie } = await contestant.sessions.create(payload)
        if (n % Math.ceil(count / keep) === 0) cookies.push(cookie.split(';')[0])
      }
    }))
    return { cookies }
  }
}

process.on('message', async order => {
  try {
    process.send(await orders[order.do](order) ?? {})
  } catch (error) {
    process.send({ error: error.stack })
  }
})

try {
  contestant = await create(name, { folder, ...settings })
  await contestant.listen()
  process.send({ port: contestant.server.address().port })
} catch (error) {
  process.send({ error: error.stack })
}
