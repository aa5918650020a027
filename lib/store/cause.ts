/** Facts of a driver's error which say what went wrong, and never what was stored. */
const FACTS = ['code', 'errno', 'syscall', 'address', 'port', 'sqlState', 'status', 'statusCode'] as const
const MAX_DEPTH = 4
/** A shorter payload is too common a text to be looked for in a message. */
const LEAST_SECRET_CHARS = 8

/**
 * A driver's error as the `cause` of an error of ours. Drivers keep the command which failed on their errors: the record with
 * its payload, its subject or a cookie's text, which would then stand in every log and error tracker (docs/security.md C181).
 * So name, message, stack and the facts of the error are kept, in a new error, and nothing else.
 *
 * @param secret the text which was sent: taken out of messages too
 */
export function harmlessCause (error: unknown, secret: string | null, depth = 0): Error {
  if (!(error instanceof Error)) return new Error(`the backend failed with ${error === null ? 'null' : `a value of type ${typeof error}`}`)
  const clean = (text: string) => without(text, secret)
  const cause = new Error(clean(error.message))
  cause.stack = clean(String(error.stack))
  define(cause, 'name', clean(String(error.name)))
  for (const fact of FACTS) {
    const value = (error as unknown as Record<string, unknown>)[fact]
    if (typeof value === 'number' || (typeof value === 'string' && !includes(value, secret))) define(cause, fact, value)
  }
  if (depth === MAX_DEPTH) return cause
  if (error.cause !== undefined) define(cause, 'cause', harmlessCause(error.cause, secret, depth + 1))
  const { errors } = error as AggregateError
  if (Array.isArray(errors)) define(cause, 'errors', errors.map(each => harmlessCause(each, secret, depth + 1)))
  return cause
}

function define (error: Error, name: string, value: unknown): void {
  // As Error itself does for `cause` and `message`: a spread of the error does not show them, inspection does.
  Object.defineProperty(error, name, { value, writable: true, configurable: true, enumerable: (FACTS as readonly string[]).includes(name) })
}

function includes (text: string, secret: string | null): boolean {
  return secret !== null && secret.length >= LEAST_SECRET_CHARS && text.includes(secret)
}

// A message may quote the text as it is, or as a JSON string.
function without (text: string, secret: string | null): string {
  if (secret === null || secret.length < LEAST_SECRET_CHARS) return text
  return text.replaceAll(secret, '[payload]').replaceAll(JSON.stringify(secret).slice(1, -1), '[payload]')
}
