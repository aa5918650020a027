// Every test may cover every file of lib, and only those count: tap follows child processes into the examples too.
import { readdirSync } from 'node:fs'

const files = readdirSync(new URL('../lib', import.meta.url), { recursive: true })
  .filter(file => file.endsWith('.ts'))
  .map(file => `lib/${file.replaceAll('\\', '/')}`)

export default () => files
