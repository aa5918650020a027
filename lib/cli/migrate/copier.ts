import type { SessionRecord } from '../../../types/index.d.ts'
import { SessionDestroyedError, SessionTooLargeError } from '../../errors.ts'
import { marksOf } from '../../record/marks.ts'
import { assertNotRevoked } from '../../lifecycle/revocations.ts'
import type { Stored } from '../../payload/codec.ts'
import { isOrphan, isRecord, tombstone } from '../../record/record.ts'
import type { Registration } from '../../store/registration.ts'
import { CommandError, reasonsOf } from '../failures.ts'
import { type Note, Notes } from './notes.ts'

/** What became of a session of the source. `changed`: the target has changed it since, and keeps what it has. */
export type Outcome = 'copied' | 'there' | 'changed' | 'ended' | 'failed'

const MAX_TRIES = 20

/** Whether an answer is a session, and no tombstone. */
export function isAlive (answer: unknown): answer is SessionRecord { return isRecord(answer) && answer.data !== '' }

/** Whether a session has left the source for the target: it has not ended. */
export function hasMoved (answer: unknown): boolean { return isRecord(answer) && answer.meta !== null && 'moved' in answer.meta }

/** Whether a session of the target is as it was copied. A renewal moves the last use, and keeps the version. */
export function isUntouched (record: SessionRecord, note: Note | null): boolean {
  return record.version === note?.version && record.lastAccessedAt <= note.lastAccessedAt
}

/**
 * Copies sessions one by one, beside requests to both stores.
 *
 * Each write into the target expects what stands there: absent, or what was copied before and not touched since. So nothing that the
 * target has changed is overwritten. Afterwards the source is read again: what it has changed or ended meanwhile is changed or ended in
 * the target too. And a revocation in the target leaves a mark, which is looked for before and after, as a sign-in does.
 */
export class Copier {
  readonly source: Registration
  readonly target: Registration
  readonly notes: Notes
  readonly #again: boolean

  /** @param again whether what was copied before, and is absent from the target, is copied once more */
  constructor (source: Registration, target: Registration, again: boolean) {
    this.source = source
    this.target = target
    this.notes = new Notes(source)
    this.#again = again
  }

  /** @throws CommandError where the target could not use the session, BackendUnavailableError where a store fails */
  async copy (record: SessionRecord): Promise<Outcome> {
    const now = this.source.now()
    const deadline = Math.min(this.source.store.deadline(record), this.target.store.deadline(record))
    if (isOrphan(record, now) || deadline <= now) return 'ended'
    const stored = this.#readable(record)
    if (stored === null) return 'failed'
    const [stands, note] = await Promise.all([this.read(this.target, record.id), this.notes.of(record.id)])
    try {
      const outcome = await this.#bring(stored, stands, note)
      return outcome === 'copied' || outcome === 'there' ? await this.#settle(record, note, outcome) : outcome
    } catch (error) {
      if (error instanceof SessionTooLargeError) return 'failed'
      throw error
    }
  }

  /** Ends a session in the target, whatever stands there. */
  async end (id: string, ended: unknown): Promise<Outcome> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const stands = await this.read(this.target, id)
      if (!isAlive(stands) || await this.endIf(id, stands.version, ended)) return 'ended'
    }
    const { store } = this.target
    await store.run(store.putBlindly(tombstone(id, this.target.now())))
    return 'ended'
  }

  async read ({ store }: Registration, id: string): Promise<unknown> { return await store.run(store.read(id)) }

  /** Ends a session in the target if the version stands there. */
  async endIf (id: string, version: number, ended: unknown): Promise<boolean> {
    const { store, settings } = this.target
    const record = tombstone(id, settings.now(), isRecord(ended) ? ended.meta : null)
    return await this.#put({ record, text: store.codec.emptyText }, version)
  }

  async #put ({ record, text }: Pick<Stored, 'record' | 'text'>, expected: number): Promise<boolean> {
    const { store } = this.target
    return (await store.run(store.put(record, expected, store.writeContext(text, undefined)))).written
  }

  /** Writes what is missing in the target, once. */
  async #bring (stored: Stored, stands: unknown, note: Note | null): Promise<Outcome> {
    const { record } = stored
    if (isRecord(stands) && stands.data === '') return 'ended'
    if (!isRecord(stands)) {
      if ((note !== null && !this.#again) || await this.#isRevoked(record)) return 'ended'
      if (await this.#put(stored, 0)) return 'copied'
      return isAlive(await this.read(this.target, record.id)) ? 'changed' : 'ended'
    }
    if (stands.version === record.version) {
      await this.#renew(record, stands)
      return 'there'
    }
    return isUntouched(stands, note) && await this.#put(stored, stands.version) ? 'copied' : 'changed'
  }

  /** A later deadline, which the same version may have got in the source. */
  async #renew (record: SessionRecord, stands: SessionRecord): Promise<void> {
    const { store } = this.target
    const { backend } = store
    if (backend.touch === undefined || record.lastAccessedAt < stands.lastAccessedAt || record.expiresAt <= stands.expiresAt) return
    await store.run(store.call('touch', record.id, () => backend.touch!(record.id, record)))
  }

  /** Brings over what has happened in the source since it was read, until nothing has. */
  async #settle (record: SessionRecord, note: Note | null, first: Outcome): Promise<Outcome> {
    let copied = record
    let outcome = first
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const now = await this.read(this.source, record.id)
      if (!isAlive(now)) return hasMoved(now) ? outcome : await this.end(record.id, now)
      if (now.version === copied.version) break
      const stored = this.#readable(now)
      if (stored === null) return await this.end(record.id, null)
      if (!await this.#put(stored, copied.version)) return 'changed'
      copied = now
      outcome = 'copied'
    }
    if (outcome === 'copied' && await this.#isRevoked(copied)) return await this.end(record.id, null)
    await this.notes.write(copied, note)
    return outcome
  }

  /** Whether the target has ended all sessions of the session's subject, or of a label, after it signed in. */
  async #isRevoked (record: SessionRecord): Promise<boolean> {
    try {
      await this.target.store.run(assertNotRevoked(this.target, record, marksOf(record.meta), record))
      return false
    } catch (error) {
      if (error instanceof SessionDestroyedError) return true
      throw error
    }
  }

  /** The session as the target reads it; `null` where the source's application cannot read it either. */
  #readable (record: SessionRecord): Stored | null {
    const here = decoded(this.target, record)
    if (typeof here !== 'string') return here
    if (typeof decoded(this.source, record) === 'string') return null
    const remedy = 'give both modules the same secret, encrypt, serializer, schema and migrate'
    throw new CommandError(`the target could not read the session ${record.id} of the source (${here}); ${remedy}`)
  }
}

/** A session, or why it cannot be read. */
function decoded ({ store }: Registration, record: SessionRecord): Stored | string {
  try {
    const found = store.codec.decode(record)
    return found.rejected ?? found.stored
  } catch (error) {
    return reasonsOf(error).join(': ')
  }
}
