import fc from 'fast-check'
import t from 'tap'
import { keysInHeader, keysText, LABELS_FOLLOW, labelText, subjectText } from '../../lib/record/keys-text.ts'
import { DEADLINES_AT, deadlinesText, decodeRecord, encodeRecord, instantText, VERSION_AT, versionText } from '../../lib/record/record-text.ts'
import { BackendUnavailableError, type SessionRecord } from '../../lib/index.ts'

const id = 'a'.repeat(64)
const record: SessionRecord = {
  id, version: 2 ** 48 - 1, data: '{"theme":"dark"}', schemaVersion: 40, createdAt: 1_700_000_000_000, lastAccessedAt: 1_700_000_000_001, expiresAt: 1_700_003_600_000, subject: null, policy: null, meta: null
}

t.test('a record is one line of numbers, and its data', async t => {
  t.equal(encodeRecord(record), '1 2rrvthnxtr 0loyy90u8 0loyw3v29 0loyw3v28 14\n{"theme":"dark"}')
})

t.test('subject, policy and meta are in the line only where there are any', async t => {
  const text = encodeRecord({ ...record, subject: 'al\nice', policy: { idleTimeout: 1_000 }, meta: { mark: 7 } })
  const more = '{"subject":"al\\nice","policy":{"idleTimeout":1000},"meta":{"mark":7}}'
  t.equal(text.split('\n')[0], `1 2rrvthnxtr 0loyy90u8 0loyw3v29 0loyw3v28 14 ${more}`)
})

t.test('labels follow the subject, each after a tab, and are no part of meta there', async t => {
  const headerOf = (given: Partial<SessionRecord>) => encodeRecord({ ...record, ...given }).split('\n')[0]!.replace(/^[^{]*/, '')
  t.equal(headerOf({ subject: 'alice', meta: { labels: ['x', 'y'] } }), '{"subject":"alice","labels":[\t"x",\t"y"]}')
  t.equal(headerOf({ policy: {}, meta: { labels: ['x'], mark: 7 } }), '{"labels":[\t"x"],"policy":{},"meta":{"mark":7}}')
  for (const meta of [{ labels: [] }, {}]) t.strictSame(decodeRecord(id, encodeRecord({ ...record, meta }))?.meta, meta)
})

t.test('the keys of a session are found in its header by their text, and no other texts are', async () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('x', '"', '\\', '\t"x"', ',', '\t', ' {"subject":"x"', '","labels":[\t"x"', '"labels"'))
  const keys = { subject: fc.option(text), labels: fc.uniqueArray(text, { maxLength: 4 }) }
  const about = fc.dictionary(text, fc.oneof(text, fc.array(text), fc.dictionary(text, fc.array(text))))
  fc.assert(fc.property(fc.record({ ...keys, about, other: text }), ({ subject, labels, about, other }) => {
    const given = { ...record, subject, meta: { labels, about } } as SessionRecord
    const [header] = encodeRecord(given).split('\n') as [string]
    const isOther = header.includes(labelText(other)) === labels.includes(other) && header.includes(subjectText(other)) === (subject === other)
    const mine = keysText(given)
    const follows = header.slice(header.indexOf(mine) + mine.length).startsWith(LABELS_FOLLOW)
    const isFound = header.includes(mine) && (mine === '' || !follows) && labels.every(label => header.includes(labelText(label)))
    const read = keysInHeader(header)
    return isOther && isFound && read.subject === subject && JSON.stringify(read.meta?.labels) === JSON.stringify(labels)
  }), { numRuns: 5_000 })
})

t.test('a subject may have the line separators that a regular expression knows and JSON does not', async t => {
  const subject = 'al\u2028i\u2029ce\r\u0085'
  t.equal(decodeRecord(id, encodeRecord({ ...record, subject }))?.subject, subject)
})

t.test('any record is read back as it was, and is frozen', async () => {
  const instant = fc.nat({ max: 36 ** 9 - 1 })
  const policy = fc.option(fc.record({ idleTimeout: fc.integer({ min: 1 }), absoluteTimeout: fc.option(fc.integer({ min: 1 })), persistent: fc.boolean() }, { requiredKeys: [] }))
  const meta = fc.option(fc.record({ mark: fc.integer({ min: 1 }), successor: fc.string(), labels: fc.array(fc.string({ unit: 'binary' })) }, { requiredKeys: [] }))
  fc.assert(fc.property(fc.record({
    id: fc.constant(id), version: fc.integer({ min: 1, max: 2 ** 48 - 1 }), data: fc.string({ unit: 'binary' }), schemaVersion: fc.integer({ min: 1 }), createdAt: instant, lastAccessedAt: instant, expiresAt: instant, subject: fc.option(fc.string({ unit: 'binary' })), policy, meta
  }), given => {
    const read = decodeRecord(id, encodeRecord(given as SessionRecord))
    return JSON.stringify(read) === JSON.stringify(given) && Object.isFrozen(read)
  }), { numRuns: 2_000 })
})

t.test('what is later than the year 5188 is as late as can be written', async t => {
  const read = decodeRecord(id, encodeRecord({ ...record, expiresAt: Number.MAX_SAFE_INTEGER }))
  t.ok(new Date(read!.expiresAt).getUTCFullYear() > 5_000)
})

t.test('numbers are those of toString(36), with zeros in front', async t => {
  for (const instant of [0, 1, 35, 36, 1_295, 1_296, 60_466_175, 60_466_176, 36 ** 9 - 1]) t.equal(instantText(instant), instant.toString(36).padStart(9, '0'))
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 48 - 1 }), version => versionText(version) === version.toString(36).padStart(10, '0')), { numRuns: 10_000 })
})

t.test('what is no such number is not written as one', async t => {
  for (const createdAt of [-1, 0.5, NaN, -Infinity]) t.equal(decodeRecord(id, encodeRecord({ ...record, createdAt })), null)
})

t.test('version and deadlines stand at fixed places', async t => {
  for (const version of [1, 35, 36, 2 ** 48 - 1]) {
    const text = encodeRecord({ ...record, version })
    t.equal(text.slice(VERSION_AT, VERSION_AT + 11), `${versionText(version)} `)
    t.ok(text.startsWith(`${deadlinesText(record)} `, DEADLINES_AT))
  }
  const renewed = { ...record, expiresAt: 1_800_000_000_000, lastAccessedAt: 1_750_000_000_000 }
  const text = encodeRecord(record)
  const patch = deadlinesText(renewed)
  t.equal(text.slice(0, DEADLINES_AT) + patch + text.slice(DEADLINES_AT + patch.length), encodeRecord(renewed))
})

t.test('what is no record is none', async t => {
  const text = encodeRecord({ ...record, subject: 'alice' })
  const wrong = [
    '', '\n', '{}', 'garbage', 'a record\nof something else', text.slice(0, text.indexOf('\n')), `x${text}`, text.replace('1 ', '0 '),
    text.replace('2rrvthnxtr', '0000000000'), text.replace('2rrvthnxtr', '2rrvthnxts'), text.replace('{"subject"', '{"subject'), text.replace('"alice"', '1'), text.replace('{"subject":"alice"}', '{"policy":[]}')
  ]
  for (const other of wrong) t.equal(decodeRecord(id, other), null, JSON.stringify(other))
})

t.test('every cut within the header is seen', async t => {
  const text = encodeRecord(record)
  for (let length = 0; length <= text.indexOf('\n'); length++) t.equal(decodeRecord(id, text.slice(0, length)), null)
})

t.test('a record of a newer format is not taken for absent', async t => {
  t.throws(() => decodeRecord(id, '2 whatever it may be'), BackendUnavailableError)
  t.throws(() => decodeRecord(id, '2 0000 \n'), { code: 'SES_BACKEND_UNAVAILABLE', detail: /newer version of fastsessions/ })
})
