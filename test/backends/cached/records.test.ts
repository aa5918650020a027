import t from 'tap'
import { CachedRecords } from '../../../lib/backends/cached/records.ts'
import { newRecord } from '../../helpers/records.ts'

const AT = { instant: 0, uptimeMs: 0 }

/** Reads a record into a cache, as if the store had answered at once. */
function keep (records: CachedRecords, record: ReturnType<typeof newRecord>): void {
  records.begin(record.id, AT)(record)
}

const sized = (chars: number) => newRecord({ data: 'x'.repeat(chars) })

t.test('it takes no more bytes than it may, and the longest unused go first', async t => {
  const records = new CachedRecords(10_000)
  const all = Array.from({ length: 4 }, () => sized(2_000))
  for (const record of all.slice(0, 3)) keep(records, record)
  t.ok(records.bytes > 3 * 2_500 && records.bytes <= 10_000, String(records.bytes))
  records.use(records.get(all[0]!.id)!)
  keep(records, all[3]!)
  t.strictSame(all.map(({ id }) => records.get(id) !== undefined), [true, false, true, true])
  t.ok(records.bytes <= 10_000)
})

t.test('a session that is larger than all of it is not kept, and takes the place of what was kept of it', async t => {
  const records = new CachedRecords(5_000)
  const [small, other] = [sized(10), sized(20)]
  keep(records, small)
  keep(records, other)
  records.begin(small.id, AT)({ ...small, data: 'x'.repeat(5_000) })
  t.strictSame([records.get(small.id), records.get(other.id)?.record], [undefined, other])
})

t.test('characters count as the bytes that they take', async t => {
  const records = new CachedRecords(5_000)
  const wide = newRecord({ data: '🧺'.repeat(1_200) })
  keep(records, wide)
  t.equal(records.get(wide.id), undefined)
})

t.test('only sessions are kept: no absence, no tombstone, no foreign record, no garbage', async t => {
  const records = new CachedRecords(10_000)
  const { id } = newRecord()
  for (const answer of [null, undefined, newRecord({ id, data: '' }), newRecord(), { id, data: 'x' }, 'text']) records.begin(id, AT)(answer)
  t.equal(records.get(id), undefined)
  t.strictSame([records.bytes, records.readings], [0, 0])
})

t.test('what is reported while it is read is not kept, for all who read it', async t => {
  for (const spoil of [(records: CachedRecords, id: string) => { records.drop(id) }, (records: CachedRecords) => { records.dropAll() }]) {
    const records = new CachedRecords(10_000)
    const record = newRecord()
    const ends = [records.begin(record.id, AT), records.begin(record.id, AT)]
    spoil(records, record.id)
    const late = records.begin(record.id, AT)
    for (const end of ends) end(record)
    t.equal(records.get(record.id), undefined)
    late(record)
    t.equal(records.get(record.id)?.record, record)
    t.equal(records.readings, 0)
  }
})

t.test('a reading that fails keeps nothing, and leaves the others alone', async t => {
  const records = new CachedRecords(10_000)
  const record = newRecord()
  const [first, second] = [records.begin(record.id, AT), records.begin(record.id, AT)]
  first(null)
  t.equal(records.readings, 1)
  second(record)
  t.equal(records.get(record.id)?.record, record)
})
