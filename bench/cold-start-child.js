// Imports what it is told to, and says what that took.
import 'fastify'

const names = JSON.parse(process.argv[2])
globalThis.gc()
const before = process.memoryUsage.rss()
const cpu = process.cpuUsage()
const start = performance.now()
for (const name of names) await import(name)
const milliseconds = performance.now() - start
const { user, system } = process.cpuUsage(cpu)
globalThis.gc()
console.log(JSON.stringify({ milliseconds, cpuMilliseconds: (user + system) / 1_000, rssMegabytes: (process.memoryUsage.rss() - before) / 1e6 }))
