import t from 'tap'
import * as api from '../lib/index.ts'
import { isOwnError } from '../lib/errors.ts'

const table = [
  [new api.InvalidOptionsError('x'), 'InvalidOptionsError', 'SES_INVALID_OPTIONS', 500, 'x'],
  [new api.SessionNotLoadedError('x'), 'SessionNotLoadedError', 'SES_NOT_LOADED', 500, 'The session is not loaded: call its load() first, or turn autoload on'],
  [new api.SessionRequiredError('session'), 'SessionRequiredError', 'SES_REQUIRED', 401, 'This route needs a session'],
  [new api.SessionLimitError(5), 'SessionLimitError', 'SES_LIMIT', 403, 'The most sessions that are allowed at the same time are 5'],
  [new api.SessionConflictError('x'), 'SessionConflictError', 'SES_CONFLICT', 409, 'The session was changed by another request: x'],
  [new api.SessionDestroyedError('x'), 'SessionDestroyedError', 'SES_DESTROYED', 409, 'The session has ended: x'],
  [new api.SessionTooLargeError(9, 8), 'SessionTooLargeError', 'SES_TOO_LARGE', 500, 'The session takes 9 bytes, 8 are allowed'],
  [new api.SessionValidationError('session.a', 'must be integer'), 'SessionValidationError', 'SES_INVALID_DATA', 500, 'The data of the session do not match the schema'],
  [new api.SessionSerializationError('session.a', 'is a BigInt'), 'SessionSerializationError', 'SES_NOT_SERIALIZABLE', 500, 'The session cannot be stored: `session.a` is a BigInt'],
  [new api.BackendUnavailableError('x'), 'BackendUnavailableError', 'SES_BACKEND_UNAVAILABLE', 503, 'Sessions are unavailable for the moment'],
  [new api.BackendContractError('x'), 'BackendContractError', 'SES_BACKEND_CONTRACT', 500, 'The store of the sessions does not answer as it must'],
  [new api.NotSupportedError('A', 'b()'), 'NotSupportedError', 'SES_NOT_SUPPORTED', 500, 'A does not support b()'],
  [new api.ReservedKeyError('id'), 'ReservedKeyError', 'SES_RESERVED_KEY', 500, '`id` is a member of the session and cannot be assigned; to keep data under this key, call set(\'id\', …)']
] as const

t.test('every error class that is exported is in this table', async t => {
  t.strictSame(Object.keys(api).filter(name => name.endsWith('Error')).sort(), table.map(([, name]) => name).sort())
})

for (const [error, name, code, status, message] of table) {
  t.test(`${name} has its name, code, status and message`, async t => {
    t.ok(error instanceof Error)
    t.equal(error.name, name)
    t.equal(error.code, code)
    t.equal(error.statusCode, status)
    t.equal(error.message, message)
    t.ok(isOwnError(error))
  })
}

t.test('an error has the members of the package http-errors, by which frameworks such as NestJS answer', async t => {
  for (const [error, name, , status] of table) t.match(error, { status, expose: status < 500 }, name)
})

t.test('an error says more where there is more to say', async t => {
  const keys = [['basket', 7], ['user', 1]] as const
  t.match(new api.SessionTooLargeError(9, 8, [...keys].reverse()), {
    size: 9, limit: 8, keys, detail: 'The session takes 9 bytes, 8 are allowed; its largest keys: basket (7 bytes), user (1 bytes). Store less, or choose a backend that takes more'
  })
  const six = ['a', 'b', 'c', 'd', 'e', 'f'].map((key, index) => [key, index + 1] as const)
  t.strictSame(new api.SessionTooLargeError(9, 8, six).keys.map(([key]) => key), ['f', 'e', 'd', 'c', 'b'], 'the five largest keys')
  const place = { path: 'session.a', detail: /`session\.a` is x$/ }
  t.match(new api.SessionValidationError('session.a', 'is x'), place)
  t.match(new api.SessionSerializationError('session.a', 'is x'), place)
  for (const ThisError of [api.SessionNotLoadedError, api.BackendContractError]) t.equal(new ThisError('GET /').detail, 'GET /')
  t.equal(new api.NotSupportedError('A', 'b()', 'do c').message, 'A does not support b(): do c')
  t.match(new api.BackendUnavailableError('Redis is full'), { headers: { 'retry-after': '5' }, detail: 'Redis is full' })
})

t.test('the error of __proto__ does not advise to set it', async t => {
  t.match(new api.ReservedKeyError('__proto__').message, /^`__proto__` cannot be a key of the data.*choose another name$/)
})

t.test('a cause is kept, and none is made up', async t => {
  const cause = new Error('of the driver')
  t.equal(new api.BackendUnavailableError('x', { cause }).cause, cause)
  t.equal(new api.SessionSerializationError('x', 'y', { cause }).cause, cause)
  t.notOk(Object.hasOwn(new api.BackendUnavailableError('x'), 'cause'))
  t.notOk(Object.hasOwn(new api.SessionSerializationError('x', 'y'), 'cause'))
})

t.test('a message keeps percent signs as they are', async t => {
  t.equal(new api.InvalidOptionsError('100%s %d').message, '100%s %d')
  t.equal(new api.BackendUnavailableError('100%s %d').detail, '100%s %d')
})

t.test('misuse by the developer is a TypeError', async t => {
  t.ok(new api.InvalidOptionsError('x') instanceof TypeError)
  t.ok(new api.ReservedKeyError('x') instanceof TypeError)
})

t.test('errors of others are not ours', async t => {
  for (const error of [new Error('x'), new TypeError('x'), Object.assign(new Error('x'), { code: 'SES_CONFLICT' }), null, undefined, 'x']) t.notOk(isOwnError(error))
})
