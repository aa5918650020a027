import { randomBytes } from 'node:crypto'
import { backendNames } from './backends.js'
import { createShops } from './shops.js'

const HELP = `The demo of fastsessions.

  npm start                     serves it on http://localhost:3000
  BACKEND=memory npm start      keeps the sessions somewhere else: ${backendNames.join(', ')}

  PORT            the port; 0 for any free one (3000)
  HOST            the address to listen on (localhost)
  SESSION_SECRET  at least 32 bytes; without it, sessions in cookies end when the server does
  REDIS_URL, MEMCACHED_URL, POSTGRES_URL, MYSQL_URL
                  a running server; without it, one is started for as long as the demo runs
  SESSION_DIRECTORY
                  where file and sqlite keep their sessions (fastsessions-demo in the folder for temporary files)
`

async function main () {
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    console.log(HELP)
    return
  }
  const { BACKEND = 'cookie', PORT = '3000', HOST = 'localhost', SESSION_SECRET: secret = randomBytes(32) } = process.env
  const { app, close } = await createShops({ first: BACKEND, secret, logger: { level: 'warn' } })
  await app.listen({ port: Number(PORT), host: HOST })
  const { port } = app.server.address()
  console.log(`fastsessions demo: http://localhost:${port}  (backend: ${BACKEND})`)
  if (BACKEND === 'cookie' && !process.env.SESSION_SECRET) console.log('No SESSION_SECRET is set: sessions in cookies end when this server does.')
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)

  async function stop () {
    await app.close()
    // The application made the connections, so it closes them, after whoever used them.
    await close?.()
  }
}

main().catch(error => {
  const hint = error.code === 'EADDRINUSE' ? `Port ${process.env.PORT ?? 3000} is taken. Choose another: PORT=3001 npm start` : error.message
  console.error(`fastsessions demo: ${hint}`)
  process.exitCode = 1
})
