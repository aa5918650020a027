import { InvalidOptionsError, SessionSerializationError } from '../errors.ts'
import { assertStorable } from '../payload/storable.ts'
import { unexpected } from '../tools/check-options.ts'

// Subjects, labels and levels: texts of the application, which backends keep as keys.

/** The columns of databases have room for so much. */
const MAX_BYTES = 255
const MAX_LABELS = 4

/**
 * @param subject what `login()`, the option `subject` or `app.sessions` was given
 * @throws SessionSerializationError which names the kind of a wrong value, and not the value
 */
export function assertSubject (subject: unknown): asserts subject is string { assertName('subject', subject) }

/** As `assertSubject`, for a label. */
export function assertLabel (label: unknown): asserts label is string { assertName('label', label) }

function assertName (what: 'subject' | 'label', value: unknown): void {
  const kind = value === '' ? '\'\'' : typeof value
  if (typeof value !== 'string' || value === '') {
    throw new SessionSerializationError(what, `must be a string that is not empty, got ${kind}`)
  }
  const bytes = Buffer.byteLength(value)
  if (bytes > MAX_BYTES) throw new SessionSerializationError(what, `must take at most ${MAX_BYTES} bytes, and takes ${bytes}`)
  assertStorable(what, value)
}

/** A subject as text. An integer is one too. */
export function nameOf (subject: unknown): unknown { return Number.isSafeInteger(subject) ? String(subject) : subject }

/** What the option `subject` has answered: `null` for nobody. Throws `SessionSerializationError`. */
export function subjectText (answer: unknown): string | null {
  const subject = nameOf(answer ?? null)
  if (subject === null) return null
  assertSubject(subject)
  return subject
}

/** @throws InvalidOptionsError for what is no list of labels, SessionSerializationError for a wrong label */
export function assertLabels (labels: unknown, path: string): asserts labels is readonly string[] {
  if (!Array.isArray(labels) || labels.length > MAX_LABELS) throw unexpected(path, `an array of at most ${MAX_LABELS} labels`, labels)
  // Not `labels.forEach`, which passes over holes.
  for (const label of labels) assertLabel(label)
}

/** @throws InvalidOptionsError */
export function assertLevel (level: unknown, path: string): asserts level is string {
  if (typeof level !== 'string' || level === '') throw unexpected(path, 'a string that is not empty', level)
  if (Buffer.byteLength(level) > MAX_BYTES || !level.isWellFormed()) {
    throw new InvalidOptionsError(`Expected \`${path}\` to be well-formed text of at most ${MAX_BYTES} bytes`)
  }
}
