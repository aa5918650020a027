// One copy in a process of its own: listens, tells its parent the port, and whenever asked what it has used of the processor.
import { pathToFileURL } from 'node:url'

const [file, settings] = process.argv.slice(2)
process.on('disconnect', () => process.exit())
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send({ cpuMicroseconds: user + system })
})

try {
  const { create } = await import(pathToFileURL(file))
  const app = await create(JSON.parse(settings))
  await app.listen({ host: '127.0.0.1', port: 0 })
  process.send({ port: app.server.address().port })
} catch (error) {
  process.send({ error: error.stack })
}
