import { SessionSerializationError } from '../errors.ts'

/** Refuses text which some store would not keep: PostgreSQL refuses NUL, and all databases mangle lone surrogates. */
export function assertStorable (path: string, text: string): void {
  if (text.includes('\0')) throw new SessionSerializationError(path, 'contains a NUL character')
  if (!text.isWellFormed()) throw new SessionSerializationError(path, 'contains a lone surrogate')
}
