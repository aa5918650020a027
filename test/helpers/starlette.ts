import { createHash, createHmac } from 'node:crypto'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const STARLETTE_SECRET = 'the secret key of a Starlette application'

/** What itsdangerous and SessionMiddleware do, written from their documents and not from the library. */
export function signAsPython (json: string, seconds: number, secret = STARLETTE_SECRET): string {
  const payload = Buffer.from(json).toString('base64')
  const hex = seconds.toString(16)
  const timestamp = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
  return `${payload}.${timestamp}.${signatureOf(`${payload}.${timestamp}`, secret)}`
}

/** The session in a cookie, and when it was signed; `null` where Starlette would find a bad signature. */
export function openAsPython (cookie: string, secret = STARLETTE_SECRET): { session: any, seconds: number } | null {
  const [payload = '', timestamp = '', signature] = cookie.split('.')
  if (signature !== signatureOf(`${payload}.${timestamp}`, secret)) return null
  const seconds = [...Buffer.from(timestamp, 'base64url')].reduce((sum, byte) => sum * 256 + byte, 0)
  return { session: JSON.parse(Buffer.from(payload, 'base64').toString()), seconds }
}

function signatureOf (text: string, secret: string): string {
  const key = createHash('sha1').update('itsdangerous.Signer').update('signer').update(secret).digest()
  return createHmac('sha1', key).update(text).digest('base64').replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

export interface PythonAnswer { before: Record<string, unknown>, cookie: string | null, isStarlette: boolean }

/** A request of a Starlette application in Python; `null` on a machine without Python or itsdangerous. `change: null` clears the session. */
export async function visitPython (
  cookie: string | null, change: object | null, { secret = STARLETTE_SECRET, maxAge = 1_209_600 as number | null } = {}
): Promise<PythonAnswer | null> {
  const program = fileURLToPath(new URL('python_app.py', import.meta.url))
  const python = spawn(process.env['PYTHON'] ?? 'python3', ['-W', 'ignore', program, JSON.stringify({ secret, cookie, change, maxAge })])
  const [output, errors]: [string[], string[]] = [[], []]
  python.stdout.on('data', chunk => { output.push(String(chunk)) })
  python.stderr.on('data', chunk => { errors.push(String(chunk)) })
  const code = await new Promise(resolve => { python.on('error', () => resolve('ENOENT')).on('close', resolve) })
  if (code === 0) return JSON.parse(output.join('')) as PythonAnswer
  if (code === 'ENOENT' || errors.join('').includes('No module named \'itsdangerous\'')) return null
  throw new Error(errors.join(''))
}
