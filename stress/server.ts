import { serve, type ServerOptions } from './serve.ts'

// One server process. It ends with the driver, which moves its clock.
let offsetMs = 0
process.on('disconnect', () => { process.exit() })
process.on('message', (message: { offsetMs: number }) => {
  offsetMs = message.offsetMs
  process.send!({ offsetMs })
})
const { ready } = await serve(JSON.parse(process.argv[2]!) as ServerOptions, () => Date.now() + offsetMs)
process.send!(ready)
