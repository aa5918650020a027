import { optionsCheck, unexpected } from '../tools/check-options.ts'
import type { OptionSchema } from '../tools/option-schema.ts'

// Which sessions an operation of `app.sessions` is about. An absent value never widens a selection: a subject that is not known
// does not mean everybody.

type Options = Readonly<Record<string, unknown>>

const A_TEXT = 'a string that is not empty'
const limit: OptionSchema = { description: 'an integer above 0', type: 'integer', minimum: 1 }
const text: OptionSchema = { description: A_TEXT, type: 'string', minLength: 1 }
const cursor: OptionSchema = { description: 'a string', type: 'string' }

function objectOf (description: string, properties: Readonly<Record<string, OptionSchema>>): OptionSchema {
  return { description, type: 'object', additionalProperties: false, properties }
}

const checks = {
  list: optionsCheck(objectOf('an object of filters', { subject: text, limit, cursor })),
  count: optionsCheck(objectOf('an object of filters', { subject: text, limit, cursor })),
  removeExpired: optionsCheck(objectOf('an object with limit', { limit })),
  revokeSubject: optionsCheck(objectOf('an object with except', { except: text })),
  // What a subject may be, `login` and `create` say alike.
  create: optionsCheck(objectOf('an object with subject', { subject: { description: A_TEXT } }))
}

/**
 * Checks the options of an operation. A `subject` that is there must be a subject; everything else may be `undefined`.
 *
 * @returns the options that are given
 * @throws InvalidOptionsError for an unknown key or a wrong value
 */
export function selectionOf<Given extends object> (operation: keyof typeof checks, options: Given): Given {
  checks[operation](options, operation)
  const given = options as Options
  if ('subject' in given && given['subject'] === undefined) throw unexpected(`${operation}.subject`, A_TEXT, undefined)
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Given
}

/** @throws InvalidOptionsError when no id is given. A text that is no id is the id of no session. */
export function assertId (operation: string, id: unknown): asserts id is string {
  if (typeof id !== 'string') throw unexpected(`${operation}.id`, 'the id of a session', id)
}
