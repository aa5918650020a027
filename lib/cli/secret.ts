import { randomText } from '../crypto/random.ts'
import type { Answer } from './command.ts'

const SECRET_BYTES = 32

/** `secret`: what `SESSION_SECRET` may be. */
export async function secret (): Promise<Answer> {
  const text = randomText(SECRET_BYTES)
  return { json: { secret: text }, text }
}
