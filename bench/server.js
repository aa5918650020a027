// One contestant in a process of its own; tells its parent what its requests have cost.
import { createApp } from './contestants.js'

const app = await createApp(process.argv[2])
await app.listen({ port: 0, host: '127.0.0.1' })

let start
process.on('message', message => {
  if (message === 'start') {
    start = process.cpuUsage()
    process.send('started')
  } else {
    const { user, system } = process.cpuUsage(start)
    process.send({ cpuMicroseconds: user + system })
  }
})
process.on('disconnect', () => process.exit())
process.send({ port: app.server.address().port })
