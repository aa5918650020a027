import { assertLabel, assertLabels, assertLevel, assertSubject } from '../config/identity.ts'
import type { SignInDetails } from '../lifecycle/new-lives.ts'
import { optionsCheck, unexpected } from '../tools/check-options.ts'
import type { OptionSchema } from '../tools/option-schema.ts'

// Which sessions an operation of `app.sessions` is about. An absent value never widens a selection: a subject that is not known
// does not mean everybody.

type Options = Readonly<Record<string, unknown>>

const A_TEXT = 'a string that is not empty'
const limit: OptionSchema = { description: 'an integer above 0', type: 'integer', minimum: 1 }
const text: OptionSchema = { description: A_TEXT, type: 'string', minLength: 1 }
const cursor: OptionSchema = { description: 'a string', type: 'string' }
/** What subjects and labels may be, `login` and `app.sessions` say alike. */
const name: OptionSchema = { description: A_TEXT }
const labels: OptionSchema = { description: 'an array of at most 4 labels' }
const level: OptionSchema = { description: A_TEXT }
const revoking = { reason: text, actor: text }

function objectOf (description: string, properties: Readonly<Record<string, OptionSchema>>): OptionSchema {
  return { description, type: 'object', additionalProperties: false, properties }
}

const checks = {
  list: optionsCheck(objectOf('an object of filters', { subject: name, label: name, limit, cursor })),
  count: optionsCheck(objectOf('an object of filters', { subject: name, label: name, limit, cursor })),
  removeExpired: optionsCheck(objectOf('an object with limit', { limit })),
  revoke: optionsCheck(objectOf('an object with reason or actor', revoking)),
  revokeAll: optionsCheck(objectOf('an object with reason or actor', revoking)),
  revokeSubject: optionsCheck(objectOf('an object with except, reason or actor', { except: text, ...revoking })),
  revokeLabel: optionsCheck(objectOf('an object with except, reason or actor', { except: text, ...revoking })),
  create: optionsCheck(objectOf('an object with subject, labels or level', { subject: name, labels, level })),
  login: optionsCheck(objectOf('an object with labels or level', { labels, level })),
  reauthenticate: optionsCheck(objectOf('an object with level', { level }))
}

/**
 * Checks the options of an operation. A `subject` or `label` that is there must be one; everything else may be `undefined`.
 *
 * @returns the options that are given
 * @throws InvalidOptionsError for an unknown key or a wrong value, SessionSerializationError for what is no subject or label
 */
export function selectionOf<Given extends object> (operation: keyof typeof checks, options: Given): Given {
  checks[operation](options, operation)
  const given = options as Options
  if ('subject' in given) assertGiven(`${operation}.subject`, given['subject'], operation === 'create', assertSubject)
  if ('label' in given) assertGiven(`${operation}.label`, given['label'], false, assertLabel)
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Given
}

/** A filter is an option, and what is stored is a subject: the errors differ, as those of `list` and `login`. */
function assertGiven (path: string, value: unknown, isStored: boolean, assertName: (value: unknown) => void): void {
  const isText = typeof value === 'string' && value !== ''
  if (value === undefined || (!isStored && !isText)) throw unexpected(path, A_TEXT, value)
  assertName(value)
}

/** @throws InvalidOptionsError, SessionSerializationError for a wrong label */
export function signInDetails (operation: 'login' | 'reauthenticate' | 'create', options: unknown): SignInDetails {
  const { labels, level } = selectionOf(operation, options ?? {}) as { labels?: unknown, level?: unknown }
  if (labels !== undefined) assertLabels(labels, `${operation}.labels`)
  if (level !== undefined) assertLevel(level, `${operation}.level`)
  return { ...(labels !== undefined && { labels }), ...(level !== undefined && { level }) }
}

/** @throws InvalidOptionsError when no id is given. A text that is no id is the id of no session. */
export function assertId (operation: string, id: unknown): asserts id is string {
  if (typeof id !== 'string') throw unexpected(`${operation}.id`, 'the id of a session', id)
}
