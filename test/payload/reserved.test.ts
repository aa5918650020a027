import t from 'tap'
import { ReservedKeyError } from '../../lib/index.ts'
import { assertKey, assertKeys, assertNoneHidden, RESERVED_KEYS } from '../../lib/payload/reserved.ts'
import { Session } from '../../lib/session/session.ts'

t.test('all members are reserved, and so are the names kept for planned ones', async t => {
  const members = Object.getOwnPropertyNames(Session.prototype).filter(name => name !== 'constructor')
  t.strictSame(members.sort(), [...RESERVED_KEYS].sort())
  for (const name of ['signal', 'reauthenticate', 'cookie', 'sessionId', '__proto__']) t.ok(RESERVED_KEYS.has(name), name)
})

t.test('__proto__ is no key, and any other is', async t => {
  t.throws(() => assertKey('__proto__'), new ReservedKeyError('__proto__'))
  t.throws(() => assertKeys(JSON.parse('{"a":1,"__proto__":1}')), new ReservedKeyError('__proto__'))
  for (const key of ['user', 'data', 'id', '', 'constructor', 'toString', 'prototype']) {
    t.doesNotThrow(() => assertKey(key))
    t.doesNotThrow(() => assertKeys({ [key]: 1 }))
  }
})

t.test('a property that hides a member is refused by name', async t => {
  for (const key of RESERVED_KEYS) t.throws(() => assertNoneHidden(JSON.parse(`{"${key}":1}`)), new ReservedKeyError(key))
  t.doesNotThrow(() => assertNoneHidden({ user: 1, ID: 2, constructor: 3 }))
})
