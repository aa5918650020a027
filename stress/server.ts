import { advance } from './rolling.ts'
import { serve, type ServerOptions } from './serve.ts'

// The program of a server process. The stress program moves the clock by messages, and the process ends with the stress program.
let offsetMs = 0
process.on('disconnect', () => { process.exit() })
process.on('message', (message: { offsetMs: number } | { step: 2 }) => {
  if ('step' in message) advance()
  else offsetMs = message.offsetMs
  process.send!(message)
})
const { ready } = await serve(JSON.parse(process.argv[2]!) as ServerOptions, () => Date.now() + offsetMs)
process.send!(ready)
