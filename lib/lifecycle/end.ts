import type { FastifyRequest } from 'fastify'
import type { SessionRecord } from '../../types/index.d.ts'
import type { Base, Core } from '../store/registration.ts'
import { randomVersion } from '../crypto/random.ts'
import type { Flow } from '../tools/flow.ts'
import { freezeRecord, isRecord, tombstone, withRequest } from '../record/record.ts'

const MAX_TRIES = 10

/**
 * Ends a stored session if it is still this version. False when it is another one by now, or gone.
 *
 * @param successor the id it goes on under; then a tombstone stays behind for those who still hold the old id
 */
export function * kill (core: Core, { record }: Pick<Base, 'record'>, successor: string | null, request: FastifyRequest | undefined): Flow<boolean> {
  if (!core.isAtomic) {
    // It may keep what has expired; a tombstone would stay for ever, and promises nothing there.
    yield * core.call('remove', () => core.backend.remove(record.id))
    return true
  }
  const ended = successor === null ? expired(record) : tombstone(record.id, core.now(), { successor })
  return (yield * core.put(ended, record.version, { data: {}, ...withRequest(request) })) === true
}

/**
 * Ends a session wherever it has gone: a request that destroys the session it loaded must also end what a parallel
 * regeneration has just made of it, else logging out would lose to it.
 *
 * @param known what the caller read last, which saves a read
 */
export function * endSession (core: Core, id: string, known: SessionRecord | null, request?: FastifyRequest): Flow<void> {
  const turn = yield * core.queue.enter(id)
  // A failure ends nothing: those behind must not take it for that.
  let latest: null | undefined
  try {
    yield * endStored(core, id, known, request)
    latest = null
  } finally {
    turn.leave(latest)
  }
}

function * endStored (core: Core, id: string, known: SessionRecord | null, request: FastifyRequest | undefined): Flow<void> {
  let record: unknown = known ?? (yield * core.call('read', () => core.backend.read(id)))
  for (let attempt = 0; isRecord(record) && attempt < MAX_TRIES; attempt++) {
    const { successor } = record.policy ?? {}
    if (successor !== undefined) return yield * endSession(core, successor, null, request)
    if (yield * kill(core, { record }, null, request)) return
    record = yield * core.call('read', () => core.backend.read(id))
  }
  // Nothing there, nothing that can be read, or always a new version: whatever it is, it goes.
  yield * core.call('remove', () => core.backend.remove(id))
}

// A write of an expired record leaves nothing readable, which makes compare-and-set a compare-and-remove.
function expired (record: SessionRecord): SessionRecord {
  return freezeRecord({ ...record, version: randomVersion(), data: '', subject: null, policy: null, expiresAt: 0 })
}
