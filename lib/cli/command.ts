import type { Arguments, ArgumentRules } from './arguments.ts'
import type { Terminal } from './terminal.ts'

/** What a command came to: printed as JSON with `--json`, else as text. */
export interface Answer {
  readonly json: unknown
  /** Without a line break at the end. */
  readonly text: string
  /** What went wrong although there is an answer, in one line: the exit status is then 1. */
  readonly problem?: string | undefined
}

/** What a command runs with. */
export interface Call {
  readonly args: Arguments
  readonly terminal: Terminal
}

export type Run = (call: Call) => Promise<Answer>

export interface Command extends ArgumentRules {
  readonly summary: string
  /** What follows the name of the command, such as `--config <path> [options]`. */
  readonly usage: string
  /** What the help says beside, a paragraph each. */
  readonly about: readonly string[]
  readonly examples: ReadonlyArray<readonly [line: string, what: string]>
  /** Whether the command finishes after Ctrl-C what it has begun; else it ends at once. */
  readonly finishes: boolean
  /** Loads the command's code: only what is used is loaded. */
  readonly load: () => Promise<Run>
}

/** What `count`, `list` and `revoke` choose sessions by. */
export function filterOf (args: Arguments): { subject?: string, label?: string } {
  const [subject, label] = [args.text('subject'), args.text('label')]
  return { ...(subject !== undefined && { subject }), ...(label !== undefined && { label }) }
}
