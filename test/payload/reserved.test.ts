import t from 'tap'
import { ReservedKeyError } from '../../lib/index.ts'
import { assertFreeKey, RESERVED_KEYS } from '../../lib/payload/reserved.ts'
import { Session } from '../../lib/session/session.ts'

t.test('all members are reserved, and so are the names kept for planned ones', async t => {
  const members = Object.getOwnPropertyNames(Session.prototype).filter(name => name !== 'constructor')
  t.strictSame(members.sort(), [...RESERVED_KEYS].sort())
  for (const name of ['signal', 'reauthenticate', 'cookie', 'sessionId', '__proto__']) t.ok(RESERVED_KEYS.has(name), name)
})

t.test('a reserved key is refused by name, any other is free', async t => {
  for (const key of RESERVED_KEYS) t.throws(() => assertFreeKey(key), new ReservedKeyError(key))
  for (const key of ['user', 'ID', 'Get', '', 'constructor', 'toString', 'prototype']) t.doesNotThrow(() => assertFreeKey(key))
})
