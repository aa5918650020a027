import { BackendUnavailableError } from '../../errors.ts'

/** What Python writes and JSON does not have. Strings are matched too, so that nothing inside of them is. */
const NOT_JSON = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/gs
/** Strings are matched, so that no number inside of them is. */
const NUMBERS = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gs

/**
 * The object in text that `json.dumps` of Python wrote; `null` for text that is no object. `NaN` and `Infinity`, which no JSON has, are
 * read as `null`.
 *
 * @throws BackendUnavailableError for an integer which JavaScript cannot hold: the session must neither count as absent, and be
 * overwritten, nor come back to Python with a different number
 */
export function readPythonJson (text: string): Record<string, unknown> | null {
  const value = parsed(text) ?? parsed(text.replace(NOT_JSON, token => token.startsWith('"') ? token : 'null'))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  if (/\d{16}/.test(text)) assertKeepsNumbers(text)
  return value as Record<string, unknown>
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function assertKeepsNumbers (text: string): void {
  for (const [token] of text.matchAll(NUMBERS)) {
    if (!/^-?\d+$/.test(token) || Number.isSafeInteger(Number(token))) continue
    throw new BackendUnavailableError('A session that Python wrote has an integer above 2^53, which JavaScript would change; ' +
      'let Python keep such numbers as text')
  }
}
