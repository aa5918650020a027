import { parseArgs } from 'node:util'
import { distance } from '../tools/distance.ts'
import { UsageError } from './failures.ts'

/** An option of a command, and what its help says. */
export interface CommandOption {
  /** What stands for the value in the help, such as `<path>`; `undefined` for a switch. */
  readonly value?: string
  readonly text: string
}

/** What a command takes. */
export interface ArgumentRules {
  readonly name: string
  readonly options: Readonly<Record<string, CommandOption>>
  /** How many words beside the options it takes at most. */
  readonly words: number
}

/** What every command takes. */
const SHARED = ['help', 'json']
/** Two characters that changed places differ by two. */
const MOST_SLIPS = 2
/** Where a secret would stand in the history of the shell, and in the list of processes. */
const SECRETS = new Set(['secret', 'secrets', 'password', 'key'])

/** The arguments of a command, checked against its options. */
export class Arguments {
  readonly words: readonly string[]
  readonly #command: string
  readonly #values: ReadonlyMap<string, string | true>

  constructor (command: string, words: readonly string[], values: ReadonlyMap<string, string | true>) {
    this.words = words
    this.#command = command
    this.#values = values
  }

  has (name: string): boolean { return this.#values.has(name) }

  text (name: string): string | undefined { return this.#values.get(name) as string | undefined }

  /** @throws UsageError where the option is missing */
  needed (name: string, remedy: string): string {
    return this.text(name) ?? this.#fail(`--${name} is missing; ${remedy}`)
  }

  /** An integer above 0. */
  count (name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const number = Number(text)
    return Number.isSafeInteger(number) && number > 0 ? number : this.#fail(`--${name} takes an integer above 0`)
  }

  #fail (message: string): never { throw new UsageError(message, this.#command) }
}

/** @throws UsageError for an unknown option, a value that is missing or too much, a repeated option, and too many words */
export function argumentsOf ({ name: command, options, words: mostWords }: ArgumentRules, args: readonly string[]): Arguments {
  const known = [...Object.keys(options), ...SHARED]
  const typeOf = (name: string) => options[name]?.value === undefined ? 'boolean' as const : 'string' as const
  const types = Object.fromEntries(known.map(name => [name, { type: typeOf(name) }]))
  const { tokens } = parseArgs({
    args: [...args], options: { ...types, help: { type: 'boolean', short: 'h' } }, strict: false, allowPositionals: true, tokens: true
  })
  const words: string[] = []
  const values = new Map<string, string | true>()
  const fail = (message: string): never => { throw new UsageError(message, command) }
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    if (!known.includes(name)) fail(unknownOption(command, rawName, name, known))
    if (values.has(name)) fail(`${rawName} is given twice`)
    if (types[name]!.type === 'boolean') {
      if (value !== undefined) fail(`${rawName} takes no value`)
      values.set(name, true)
      continue
    }
    if (value === undefined || value === '') return fail(`${rawName} needs a value: ${rawName} ${options[name]!.value!}`)
    if (!inlineValue && value.startsWith('-')) fail(`${rawName} needs a value; one that begins with a dash is written ${rawName}=…`)
    values.set(name, value)
  }
  const most = mostWords === 0 ? 'it takes options only, and got a word beside' : 'it takes one word beside its options'
  if (words.length > mostWords) fail(most)
  return new Arguments(command, words, values)
}

function unknownOption (command: string, rawName: string, name: string, known: readonly string[]): string {
  if (SECRETS.has(name)) return 'a secret is never an argument: set SESSION_SECRET, or name a module with --config'
  const nearest = nearestTo(name, known)
  return `${command} has no option ${rawName}${nearest === undefined ? '' : `; did you mean --${nearest}?`}`
}

/** The name that was meant, where one is near: it begins so, or differs by a slip of the fingers. */
export function nearestTo (name: string, known: readonly string[]): string | undefined {
  const unlikeness = (other: string): number => other.startsWith(name) ? 0 : distance(other, name)
  const nearest = known.reduce((best, other) => unlikeness(other) < unlikeness(best) ? other : best)
  return unlikeness(nearest) <= Math.min(MOST_SLIPS, name.length / 2) ? nearest : undefined
}
