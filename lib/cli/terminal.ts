/** Where a command writes. */
export interface Output {
  write (text: string): unknown
  readonly isTTY?: boolean | undefined
}

/** What a command sees of its process. */
export interface Terminal {
  readonly stdin: AsyncIterable<string | Uint8Array> & { readonly isTTY?: boolean | undefined }
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborts with Ctrl-C. */
  readonly signal: AbortSignal
}

const CONTROL = /\p{Cc}|\p{Cf}|[\u2028\u2029]/gu

/**
 * Text of a session for people's eyes: what clients have sent must not move the cursor or colour the terminal.
 *
 * @example
 * printable('\u001b[2J') // \u001b[2J, as eight characters
 */
export function printable (text: string): string {
  return text.replace(CONTROL, character => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`)
}

/** Rows in columns, each as wide as its longest cell; the last row's end is not padded. */
export function columns (rows: ReadonlyArray<readonly string[]>, indent = ''): string {
  const widths: number[] = []
  for (const row of rows) for (const [n, cell] of row.entries()) widths[n] = Math.max(widths[n] ?? 0, cell.length)
  return rows.map(row => indent + row.map((cell, n) => n === row.length - 1 ? cell : cell.padEnd(widths[n]!)).join('  ')).join('\n')
}
