import assert from 'node:assert/strict'
import type { SessionRecord } from '../../../types/index.d.ts'
import { endingAt } from '../../record/record.ts'
import { assertEnded, type Bench, type Capability, type Case, listAll } from '../case.ts'

type Ending = Omit<SessionRecord, 'id'>

const WAYS = [['removeSubject', 'alice', { subject: 'alice' }], ['removeLabel', 'x', { meta: { labels: ['w', 'x'] } }]] as const
const REVOKED = { reason: 'revoked' } as const
const BOTH = { subject: 'alice', meta: { labels: ['w', 'x'] } }

/** A case for the end of the sessions of a subject, and the same for a label. */
function forEach (name: (of: string) => string, needs: readonly Capability[], run: Run): Case[] {
  return WAYS.map(([method, key, theirs]) => ({
    name: name(method === 'removeSubject' ? 'a subject' : 'a label'),
    needs: [method, ...needs],
    run: async (bench: Bench) => await run(bench, options => bench.backend[method]!(key, options), theirs)
  }))
}

type Bulk = (options: { except?: string, ending?: Ending }) => number | PromiseLike<number>
/** @param theirs what makes a session one of those which are ended */
type Run = (bench: Bench, end: Bulk, theirs: Partial<SessionRecord>) => Promise<void>

export const endings: readonly Case[] = [
  ...forEach(of => `says under each session of ${of} that was ended why it was`, ['atomic'], async (bench, end, theirs) => {
    const { backend, stored, next } = bench
    const [kept, ...ended] = [await stored(theirs), await stored(theirs), await stored(theirs)] as [SessionRecord, ...SessionRecord[]]
    const other = await stored({ subject: 'bob' })
    const ending = endingAt(bench.clock.now, REVOKED)
    assert.equal(await end({ except: kept.id, ending }), 2)
    for (const { id, version } of ended) {
      assert.deepEqual({ ...await backend.read(id) }, { id, ...ending })
      for (const expected of [0, version]) {
        const late = next(kept, { id })
        assert.notEqual(await backend.write(id, late, expected), id, 'an ended session was brought back')
      }
    }
    for (const { id, version } of [kept, other]) assert.equal((await backend.read(id))?.version, version)
    assert.equal(await end({ ending }), 1)
    assert.equal(await end({ ending }), 0, 'what has ended ends once')
  }),
  ...forEach(of => `lists and counts none of what was ended with ${of}`, ['list', 'count', 'labels', 'expires'], async (bench, end) => {
    const { backend, clock, stored } = bench
    const ids = [(await stored(BOTH)).id, (await stored(BOTH)).id]
    const ending = endingAt(bench.clock.now, REVOKED)
    await end({ ending })
    for (const filter of [{}, { subject: 'alice' }, { label: 'w' }, { label: 'x' }]) {
      assert.deepEqual(await listAll(bench, filter), [])
      assert.equal(await backend.count!(filter), 0)
    }
    clock.now = ending.expiresAt
    await backend.removeExpired?.({})
    for (const id of ids) {
      assert.equal(await backend.read(id), null, 'a tombstone is gone after its deadline')
      await assertEnded(backend, id)
    }
  })
]
