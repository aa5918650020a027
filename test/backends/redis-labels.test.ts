import { hash } from 'node:crypto'
import { Cluster, Redis } from 'ioredis'
import t from 'tap'
import { endingAt, tombstone } from '../../lib/record/record.ts'
import type { SessionRecord } from '../../types/index.d.ts'
import { bound, closedAfter, newPrefix, newRecord, nextOf, watchedClient } from '../helpers/redis.ts'
import { ownCluster, sharedServer } from '../helpers/servers.ts'
import { HOUR_MS } from '../helpers/times.ts'

const { ports } = await ownCluster(t)
const url = await sharedServer('redis')
const labels = ['x', 'y', 'z']

const clients: Record<string, () => Redis | Cluster> = {
  'a server': () => new Redis(url),
  'a cluster': () => new Cluster(ports.map(port => ({ host: '127.0.0.1', port })))
}

for (const [name, open] of Object.entries(clients)) {
  const client = closedAfter(t, open())
  const start = () => {
    const prefix = newPrefix()
    const sent: string[] = []
    const isIndex = (arg: unknown) => /^(?:subject|label):/.test(String(arg).slice(prefix.length))
    const watched = watchedClient(client, async (name, args, send) => {
      if (name !== 'eval') sent.push(`${name} ${args.some(isIndex) ? 'index' : 'session'}`)
      return await send()
    })
    const bench = bound(watched, { prefix })
    const entriesOf = async (kind: 'subject' | 'label', value: string) =>
      (await client.zrange(`${prefix}${kind}:${hash('sha256', value, 'base64url')}`, '0', '-1')).sort()
    /** The keys of the indexes that have the session. */
    const keysOf = async (id: string) => {
      const keys = [['subject', 'alice'], ['subject', 'bob'], ...labels.map(label => ['label', label])] as Array<['subject' | 'label', string]>
      const found = await Promise.all(keys.map(async ([kind, value]) => (await entriesOf(kind, value)).includes(id) ? [value] : []))
      return found.flat()
    }
    return { ...bench, prefix, keysOf, sent: () => sent.splice(0).sort() }
  }

  t.test(`on ${name} every end of a session takes it out of the indexes of all its keys`, async t => {
    const { backend, clock, keysOf } = start()
    const ends: Record<string, (record: SessionRecord) => unknown> = {
      'an expired record': record => backend.write(record.id, nextOf(record, { data: '', subject: null, meta: null, expiresAt: 0 }), record.version),
      'a tombstone': record => backend.write(record.id, tombstone(record.id, clock.now), record.version),
      'an unconditional tombstone': record => backend.write(record.id, tombstone(record.id, clock.now)),
      'a removal': record => backend.remove(record.id),
      'a revocation of the subject': () => backend.removeSubject('alice', {}),
      'a revocation of the first label': () => backend.removeLabel('x', {}),
      'a revocation of the last label, with a reason': record => backend.removeLabel('z', { ending: tombstone(record.id, clock.now, { reason: 'revoked' }) }),
      'a revocation of all': () => backend.removeAll()
    }
    for (const [what, end] of Object.entries(ends)) {
      const record = newRecord({ subject: 'alice', meta: { level: 'mfa', labels } })
      await backend.write(record.id, record, 0)
      t.strictSame(await keysOf(record.id), ['alice', ...labels])
      await end(record)
      t.strictSame(await keysOf(record.id), [], what)
    }
  })

  t.test(`on ${name} a write moves a session out of the indexes of the keys it loses, and into those it gets`, async t => {
    const { backend, keysOf } = start()
    let record = newRecord({ subject: 'alice', meta: { labels: ['x', 'y'] } })
    await backend.write(record.id, record, 0)
    for (const [subject, present] of [['alice', ['y']], ['alice', ['y', 'z']], ['bob', ['y', 'z']], ['bob', []], ['bob', ['x']], [null, ['x']], [null, []], ['alice', ['x', 'y', 'z']]] as const) {
      const changed = nextOf(record, { subject, meta: present.length === 0 ? null : { labels: present } })
      t.equal(await backend.write(record.id, changed, record.version), record.id)
      t.strictSame(await keysOf(record.id), [...subject === null ? [] : [subject], ...present])
      record = changed
    }
  })

  t.test(`on ${name} a write that changes no key costs no command for the labels, and a session without keys none for an index`, async t => {
    const { backend, clock, sent, keysOf } = start()
    // In the middle of an hour, so that the deadline can move without the hour.
    clock.now = Math.ceil(Date.now() / HOUR_MS) * HOUR_MS + HOUR_MS / 2
    const expiresAt = clock.now + HOUR_MS
    const [anonymous, alice, labelled] = [newRecord({ expiresAt }), newRecord({ subject: 'alice', expiresAt }), newRecord({ subject: 'alice', meta: { labels }, expiresAt })]
    const costs = async (record: SessionRecord, overrides: Partial<SessionRecord>) => {
      const changed = nextOf(record, overrides)
      sent()
      t.equal(await backend.write(record.id, changed, record.version), record.id)
      return { changed, commands: sent() }
    }
    await backend.write(anonymous.id, anonymous, 0)
    t.strictSame(sent(), ['evalsha session'])
    t.strictSame((await costs(anonymous, {})).commands, ['evalsha session'])
    await backend.write(alice.id, alice, 0)
    t.strictSame(sent(), ['evalsha index', 'evalsha session'])
    t.strictSame((await costs(alice, {})).commands, ['evalsha index', 'evalsha session'])
    await backend.write(labelled.id, labelled, 0)
    t.strictSame(sent(), [...Array<string>(4).fill('evalsha index'), 'evalsha session'])
    const same = await costs(labelled, { expiresAt: expiresAt + 1_000 })
    t.strictSame(same.commands, ['evalsha index', 'evalsha session'])
    const later = await costs(same.changed, { expiresAt: expiresAt + HOUR_MS })
    t.strictSame(later.commands, [...Array<string>(4).fill('evalsha index'), 'evalsha session', 'evalsha session'], 'the next hour')
    t.strictSame(await keysOf(labelled.id), ['alice', ...labels])
  })

  t.test(`on ${name} an entry of a label that was lost comes back with the next renewal of its session`, async t => {
    const { backend, prefix, keysOf } = start()
    const record = newRecord({ meta: { labels } })
    await backend.write(record.id, record, 0)
    await client.del(`${prefix}label:${hash('sha256', 'y', 'base64url')}`)
    t.strictSame(await keysOf(record.id), ['x', 'z'])
    await backend.touch(record.id, record)
    t.strictSame(await keysOf(record.id), labels)
  })

  t.test(`on ${name} a revocation by label bars what is about to be stored, says why, and leaves alone what lost the label`, async t => {
    const { backend, clock, prefix, keysOf } = start()
    const [young, moved, newer] = [newRecord({ meta: { labels } }), newRecord({ meta: { labels } }), newRecord({ meta: { labels } })]
    for (const record of [young, moved, newer]) await backend.write(record.id, record, 0)
    await client.del(prefix + young.id)
    await client.set(prefix + newer.id, `2${(await client.get(prefix + newer.id))!.slice(1)}`, 'KEEPTTL')
    const text = (await client.get(prefix + moved.id))!
    await client.set(prefix + moved.id, text.replace('\t"x",', ''), 'KEEPTTL')
    const ending = endingAt(clock.now, { reason: 'revoked' })
    t.equal(await backend.removeLabel('x', { ending }), 1, 'the session of a newer version')
    for (const { id } of [young, newer]) t.same(await backend.read(id), { ...ending, id })
    t.same((await backend.read(moved.id))?.meta, { labels: ['y', 'z'] })
    t.strictSame(await keysOf(moved.id), labels, 'its entry stays until its time')
    t.strictSame(await keysOf(young.id), ['y', 'z'])
    t.same(await backend.write(young.id, young, 0), { ...ending, id: young.id })
    t.strictSame(await keysOf(young.id), [])
  })

  t.test(`on ${name} a listing by label reads what is missing once, and keeps what has only one of two keys`, async t => {
    const { backend, clock, prefix, sent, keysOf } = start()
    const expiresAt = clock.now + 10 * HOUR_MS
    const [dead, other, both] = [newRecord({ meta: { labels }, expiresAt }), newRecord({ subject: 'bob', meta: { labels }, expiresAt }), newRecord({ subject: 'alice', meta: { labels }, expiresAt })]
    for (const record of [dead, other, both]) await backend.write(record.id, record, 0)
    await client.del(prefix + dead.id)
    clock.now += 301_000
    t.same((await backend.list({ subject: 'alice', label: 'x' })).sessions, [both])
    t.equal(await backend.count({ label: 'x' }), 2)
    t.strictSame(await keysOf(dead.id), ['y', 'z'])
    sent()
    t.equal(await backend.count({ label: 'x' }), 2)
    t.strictSame(sent(), ['get session', 'get session', 'zrange index'])
    t.strictSame(await keysOf(other.id), ['bob', ...labels])
  })
}
