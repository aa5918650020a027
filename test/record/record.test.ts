import t from 'tap'
import type { SessionRecord } from '../../lib/index.ts'
import { freezeRecord, isRecord } from '../../lib/record/record.ts'

const record: SessionRecord = {
  id: 'i', version: 1, data: '{}', schemaVersion: 1, createdAt: 0, lastAccessedAt: 0, expiresAt: 0, subject: null, policy: null, meta: null
}

t.test('a record is one, with or without what may be null', async t => {
  t.ok(isRecord(record))
  t.ok(isRecord({ ...record, version: 2 ** 48 - 1, subject: 'ada', policy: {}, of: 'another release' }))
  t.ok(isRecord({ ...record, policy: { idleTimeout: 1, absoluteTimeout: null, persistent: false } }))
  t.ok(isRecord({ ...record, policy: { absoluteTimeout: 1 } }))
  t.ok(isRecord({ ...record, meta: { mark: 1, successor: 'i' } }))
  const { meta, ...of010 } = record
  t.ok(isRecord(of010))
})

const no = [undefined, 1.5, '1', NaN, Infinity, -1, null, {}, []]
const wrong: Record<string, readonly unknown[]> = {
  id: [undefined, null, 1],
  version: [...no, 0, 2 ** 48],
  data: [undefined, null, {}, 1],
  schemaVersion: [...no, 0],
  createdAt: no,
  lastAccessedAt: no,
  expiresAt: [...no, 2 ** 53],
  subject: [undefined, 1, {}],
  policy: [
    undefined, 'x', [], 1, { idleTimeout: 0 }, { idleTimeout: null }, { idleTimeout: '1h' }, { absoluteTimeout: 0 }, { absoluteTimeout: 'x' },
    { persistent: 1 }, { persistent: null }
  ],
  meta: ['x', [], 1, { mark: 0 }, { mark: 'x' }, { successor: 1 }, { successor: null }]
}

for (const [key, values] of Object.entries(wrong)) {
  t.test(`one with a wrong ${key} is none`, async t => {
    for (const value of values) t.notOk(isRecord({ ...record, [key]: value }), JSON.stringify(value))
  })
}

t.test('what is no object is no record', async t => {
  for (const value of [null, undefined, '', 'x', 0, true, [], {}]) t.notOk(isRecord(value))
})

t.test('a record is frozen through and through', async t => {
  const frozen = freezeRecord({ ...record, policy: { idleTimeout: 1 }, meta: { mark: 1 } })
  t.ok(Object.isFrozen(frozen))
  t.ok(Object.isFrozen(frozen.policy) && Object.isFrozen(frozen.meta))
  t.ok(Object.isFrozen(freezeRecord({ ...record })))
})
