import { BackendUnavailableError } from '../errors.ts'

/** The exit status of a command that could not do what it was asked for. */
export const FAILED = 1
/** The exit status of a command that was called in a wrong way. */
export const MISUSED = 2
/** The exit status after Ctrl-C: 128 and the number of the signal, as shells have it. */
export const INTERRUPTED = 130

/** What could not be done, and the remedy, in one line. */
export class CommandError extends Error {}

/** A command was called in a wrong way. */
export class UsageError extends Error {
  /** The command whose help tells more; `undefined` where there is none. */
  readonly command: string | undefined

  constructor (message: string, command?: string) {
    super(message)
    this.command = command
  }
}

/** Ctrl-C came before the command had anything to finish. */
export class InterruptedError extends Error {}

const MOST_CHARS = 2_000
const SERVER_REMEDY = 'is the server up, and its address right?'

/** An error as one line, with what caused it, and without a stack. */
export function lineOf (error: unknown): string {
  const text = [...reasonsOf(error), ...error instanceof BackendUnavailableError ? [SERVER_REMEDY] : []].join(': ')
  return text.replace(/\s+/g, ' ').trim().slice(0, MOST_CHARS)
}

/** What went wrong, and what caused it. */
export function reasonsOf (error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)]
  const { code, detail } = error as { code?: unknown, detail?: unknown }
  // A driver that tried several addresses says nothing but a code.
  const reason = typeof detail === 'string' ? detail : error.message || String(code ?? error.name)
  return error.cause === undefined ? [reason] : [reason, ...reasonsOf(error.cause)]
}
