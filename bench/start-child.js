// Starts an application with one plugin, up to `ready()`, and says what that took from its first import on.
const names = JSON.parse(process.argv[2])
const options = { secret: 'a secret of thirty-two bytes, or more' }

const cpu = process.cpuUsage()
const start = performance.now()
const { default: Fastify } = await import('fastify')
const app = Fastify()
app.register(async function empty () {})
for (const name of names) app.register((await import(name)).default, options)
await app.ready()
const milliseconds = performance.now() - start
const { user, system } = process.cpuUsage(cpu)
console.log(JSON.stringify({ milliseconds, cpuMilliseconds: (user + system) / 1_000 }))
await app.close()
