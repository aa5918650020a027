// Runs a server for as long as whoever started it lives: node leash.js '{ "command", "args", "folder", "uid", "gid" }'
// Each line of input starts the server once more; answers are lines of JSON: { pid } and { exit }. When the input ends,
// however that comes, the server goes, and its folder with it.
import { spawn } from 'node:child_process'
import { openSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const { command, args, folder, uid, gid } = JSON.parse(process.argv[2])
const log = openSync(join(folder, 'log'), 'a')
let server

// Ctrl-C reaches everybody in the terminal; the end of the input is what counts here.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
process.stdout.on('error', () => {})
process.stdin.on('data', start)
process.stdin.on('end', end)

function start () {
  server = spawn(command, args, { cwd: folder, uid, gid, stdio: ['ignore', log, log] })
  const { pid } = server
  say({ pid })
  server.on('error', () => say({ exit: true }))
  server.on('exit', () => {
    server = undefined
    say({ exit: true })
  })
}

function end () {
  if (server === undefined) return cleanUp()
  server.on('exit', cleanUp)
  server.kill('SIGKILL')
}

function cleanUp () {
  rmSync(folder, { recursive: true, force: true })
  process.exit()
}

function say (answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
