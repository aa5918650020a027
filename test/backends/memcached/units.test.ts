import t from 'tap'
import { SeenItems } from '../../../lib/backends/memcached/link.ts'
import { decodeValue, encodeValue } from '../../../lib/backends/memcached/value.ts'
import { newRecord } from '../../helpers/records.ts'

const MAX_ENTRIES = 2_000

t.test('a value is a whole record of its id, or none: any bit that differs shows', async t => {
  const record = newRecord({ subject: 'alice é', data: '{"text":"🧺"}' })
  const bytes = encodeValue({ generation: 'abc', record })
  t.strictSame(decodeValue(record.id, bytes), { generation: 'abc', record })
  t.equal(decodeValue(newRecord().id, bytes), null)
  for (let at = 0; at < bytes.length; at++) {
    const altered = Buffer.from(bytes)
    altered[at]! ^= 1
    t.equal(decodeValue(record.id, bytes.subarray(0, at)), null, `cut at ${at}`)
    if (at === 2) t.throws(() => decodeValue(record.id, Buffer.concat([Buffer.from('fs2'), bytes.subarray(3)])), { code: 'SES_BACKEND_UNAVAILABLE', detail: /newer version/ })
    else t.equal(decodeValue(record.id, altered), null, `altered at ${at}`)
  }
})

t.test('a whole value whose text is no record is none', async t => {
  const record = newRecord({ createdAt: -1 })
  t.equal(decodeValue(record.id, encodeValue({ generation: 'abc', record })), null)
})

t.test('the oldest of too many remembered items goes', async t => {
  const seen = new SeenItems()
  const item = { version: 1, expiresAt: 1, generation: 'a', cas: 1n }
  for (let n = 0; n <= MAX_ENTRIES; n++) seen.set(String(n), item)
  t.equal(seen.get('0'), undefined)
  t.equal(seen.get('1'), item)
})
