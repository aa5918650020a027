import { CommandError, INTERRUPTED } from './failures.ts'
import { report, run } from './run.ts'
import type { Output, Terminal } from './terminal.ts'

/** What the program needs of its process. */
export type ProgramProcess = Pick<NodeJS.Process, 'argv' | 'env' | 'removeAllListeners'> & {
  readonly stdin: Terminal['stdin']
  readonly stdout: Stream
  readonly stderr: Stream
  on (event: string, listener: (value: unknown) => void): unknown
  exit (status: number): unknown
}

interface Stream extends Output {
  write (text: string, done?: () => void): unknown
  on (event: 'error', listener: () => void): unknown
}

type Console = Pick<typeof console, typeof TALK[number]>

const TALK = ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const
const NEVER_DONE = 'a module never finished loading, or a store never answered'

/** The program `fastsessions`: runs the command of the arguments, and ends the process. */
export async function main (own: ProgramProcess = process, talk: Console = console): Promise<void> {
  const { argv, stdin, stdout, stderr, env } = own
  const args = argv.slice(2)
  const stop = new AbortController()
  const terminal: Terminal = { stdin, stdout, stderr, env, signal: stop.signal }
  for (const signal of ['SIGINT', 'SIGTERM']) {
    own.on(signal, () => {
      // Whoever asks twice does not want to wait.
      if (stop.signal.aborted) own.exit(INTERRUPTED)
      stop.abort()
    })
  }
  // Whoever reads has seen enough, as in `fastsessions list | head -1`.
  for (const stream of [stdout, stderr]) stream.on('error', () => { own.exit(0) })
  if (!args.includes('--verbose')) silence(own, talk)
  const fail = (error: unknown): void => { own.exit(report(error, terminal)) }
  // Of a client in the module of --config that nobody listens to.
  own.on('uncaughtException', fail)
  own.on('unhandledRejection', fail)
  own.on('beforeExit', () => { fail(new CommandError(NEVER_DONE)) })
  const status = await run(args, terminal)
  // Clients of the module of --config would keep the process alive.
  stdout.write('', () => { own.exit(status) })
}

/** What the application's module writes has no place in the answer, and warnings of Node would make more lines of one. */
function silence (own: ProgramProcess, talk: Console): void {
  for (const method of TALK) talk[method] = () => {}
  own.removeAllListeners('warning')
}
