import type { Command } from './command.ts'
import { commands } from './commands.ts'
import { columns } from './terminal.ts'

const WIDTH = 88
const INDENT = '  '

const CONFIG = 'It exports what the application registers: an object, a function that returns one, or several registrations, by name ' +
  'or in an array. Let the application import it too, so that both have the same.'

/** `fastsessions --help`. */
export function overview (): string {
  return [
    'Usage: fastsessions <command> [options]',
    'Looks after the sessions of fastsessions, from outside the application.',
    section('Commands', columns(commands.map(({ name, summary }) => [name, summary]), INDENT)),
    section('sessions.config.js, for --config', [
      "import { Redis } from 'ioredis'",
      "import { RedisBackend } from 'fastsessions/redis'",
      'export default { backend: new RedisBackend(new Redis(process.env.REDIS_URL)) }'
    ].map(line => INDENT + line).join('\n')),
    wrapped(CONFIG),
    section('Options', columns([
      ['-h, --help', 'this text, or that of a command: fastsessions revoke --help'],
      ['--json', 'the answer as JSON'],
      ['--version', 'the version'],
      ['--verbose', 'what the module of --config writes, and errors with their stack']
    ], INDENT)),
    'A secret is never an argument. Exit status: 0, 1 where it failed, 2 where it was called in a wrong way, 130 after Ctrl-C.'
  ].join('\n\n')
}

/** `fastsessions <command> --help`. */
export function helpOf ({ name, usage, about, options, examples }: Command): string {
  const rows = Object.entries(options).map(([option, { value, text }]) => [`--${option}${value === undefined ? '' : ` ${value}`}`, text])
  return [
    `Usage: fastsessions ${name}${usage && ` ${usage}`}`,
    ...about.map(wrapped),
    section('Options', columns([...rows, ['--json', 'the answer as JSON'], ['-h, --help', 'this text']], INDENT)),
    section('Examples', examples.map(([line, what]) => `${INDENT}# ${what}\n${INDENT}${line}`).join('\n'))
  ].join('\n\n')
}

function section (title: string, text: string): string { return `${title}:\n${text}` }

/** Text in lines that a terminal shows whole. */
function wrapped (text: string): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!
    if (line === '') lines[lines.length - 1] = word
    else if (line.length + 1 + word.length > WIDTH) lines.push(word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines.join('\n')
}
