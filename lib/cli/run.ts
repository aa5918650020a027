import { createRequire } from 'node:module'
import { type Arguments, argumentsOf, nearestTo } from './arguments.ts'
import type { Answer, Command } from './command.ts'
import { commands } from './commands.ts'
import { FAILED, INTERRUPTED, InterruptedError, lineOf, MISUSED, UsageError } from './failures.ts'
import { helpOf, overview } from './help.ts'
import type { Terminal } from './terminal.ts'

const require = createRequire(import.meta.url)

/** Runs the command of the arguments, and resolves to the exit status. Every failure is one line on stderr. */
export async function run (args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await runCommand(args.filter(arg => arg !== '--verbose'), terminal)
  } catch (error) {
    if (args.includes('--verbose') && error instanceof Error) terminal.stderr.write(`${error.stack}\n`)
    return report(error, terminal)
  }
}

/** Says what went wrong in one line, and answers with the exit status. */
export function report (error: unknown, { stderr }: Terminal): number {
  const say = (text: string): void => { stderr.write(`fastsessions: ${text}\n`) }
  if (error instanceof InterruptedError) {
    say('interrupted')
    return INTERRUPTED
  }
  if (error instanceof UsageError) {
    say(`${lineOf(error)} (help: fastsessions ${error.command === undefined ? '' : `${error.command} `}--help)`)
    return MISUSED
  }
  say(lineOf(error))
  return FAILED
}

async function runCommand ([name, ...rest]: readonly string[], terminal: Terminal): Promise<number> {
  const say = (text: string): number => {
    terminal.stdout.write(`${text}\n`)
    return 0
  }
  if (name === '--version') return say((require('fastsessions/package.json') as { version: string }).version)
  if (name === '--help' || name === '-h' || (name === 'help' && rest.length === 0)) return say(overview())
  if (name === 'help') return say(helpOf(commandOf(rest[0])))
  const command = commandOf(name)
  if (rest.includes('--help') || rest.includes('-h')) return say(helpOf(command))
  return await answer(command, argumentsOf(command, rest), terminal)
}

function commandOf (name: string | undefined): Command {
  const command = commands.find(command => command.name === name)
  if (command !== undefined) return command
  const names = commands.map(({ name }) => name)
  if (name === undefined) throw new UsageError(`say what to do: ${names.join(', ')}`)
  if (name.startsWith('-')) throw new UsageError(`the command comes first, as in: fastsessions list ${name}`)
  const nearest = nearestTo(name, names)
  throw new UsageError(`there is no command ${name}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`)
}

async function answer (command: Command, args: Arguments, terminal: Terminal): Promise<number> {
  const { stdout, stderr, signal } = terminal
  const running = command.load().then(async run => await run({ args, terminal }))
  const { json, text, problem } = await (command.finishes ? running : orInterrupted(running, signal))
  stdout.write(`${args.has('json') ? JSON.stringify(json) : text}\n`)
  if (problem !== undefined) stderr.write(`fastsessions: ${problem}\n`)
  if (signal.aborted) {
    stderr.write('fastsessions: interrupted, after finishing what had begun; the same command goes on with the rest\n')
    return INTERRUPTED
  }
  return problem === undefined ? 0 : FAILED
}

/** Nothing is half done by what only reads: it ends at once. */
async function orInterrupted (running: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const stop = (): void => { reject(new InterruptedError()) }
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
    running.then(resolve, reject).finally(() => { signal.removeEventListener('abort', stop) })
  })
}
