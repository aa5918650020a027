import { UsageError } from './failures.ts'
import type { Terminal } from './terminal.ts'

/** What standard input had: the value of a cookie alone, or cookies with their names. */
export type GivenCookie =
  { readonly kind: 'value', readonly text: string } |
  { readonly kind: 'header', readonly text: string, readonly names: readonly string[] }

/** More than Node takes as the headers of a request. */
const MOST_CHARS = 65_536
const HEADER_NAME = /^(?:set-)?cookie:\s*/i
/** A cookie-pair: `=` at the end of a value alone is none. */
const PAIR = /^([^=;\s]+)=[^=]/

/**
 * Reads `name=value`, several of them, a `Cookie` or `Set-Cookie` header, or a bare value from standard input: there it stands in no
 * history of a shell and in no list of processes.
 *
 * @throws UsageError where there is nothing, or far too much
 */
export async function readCookie ({ stdin, stderr }: Terminal): Promise<GivenCookie> {
  if (stdin.isTTY === true) stderr.write('Paste the cookie, press Enter, then Ctrl-D:\n')
  let input = ''
  for await (const chunk of stdin) {
    input += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8')
    if (input.length > MOST_CHARS) throw new UsageError('standard input has more than any cookie', 'inspect')
  }
  const text = input.split('\n').map(line => line.trim().replace(HEADER_NAME, '')).filter(line => line !== '').join('; ')
  if (text === '') throw new UsageError('there is nothing on standard input; for example: pbpaste | npx fastsessions inspect', 'inspect')
  const names = text.split(';').flatMap(pair => PAIR.exec(pair.trim())?.[1] ?? [])
  return names.length === 0 ? { kind: 'value', text } : { kind: 'header', text, names }
}
