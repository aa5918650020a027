import type {
  BackendContext, ListedRecord, ListFilter, ListPage, RemoveOptions, SessionBackend, SessionRecord, SessionWatch, WatchOptions, WriteContext
} from '../../../types/index.d.ts'
import { hide } from '../../tools/missing-methods.ts'
import { unexpected } from '../../tools/check-options.ts'
import { InvalidOptionsError } from '../../errors.ts'
import { isId } from '../../record/ids.ts'
import { removeInBatches } from '../../tools/remove-in-batches.ts'
import { Sweeper } from '../sweeper.ts'
import { MAIN_PROPERTY, warnOnce } from '../conventions.ts'
import type { KeyFilter } from '../index-keys.ts'
import { type AnyKysely, assertKysely, assertNoTransaction, type Dialect } from './dialect.ts'
import { extraValues } from './extra.ts'
import { pageOf } from './listing.ts'
import type { Place } from './names.ts'
import { News } from './news.ts'
import { type DatabaseBackendOptions, type Settings, settingsOf } from './options.ts'
import { checkDatabase } from './prepare.ts'
import { assertKeys, recordOfRow, valuesOf } from './rows.ts'
import { SessionTable, type WriteAnswer } from './session-table.ts'

/** The limit of the column which `createSessionTable` makes in MySQL. In UTF-16 units. */
const MAX_PROPERTY_CHARS = 64
/** Expired rows in one DELETE. SQLite runs in this process, where 1,000 rows would hold up every request for about 30 ms. */
const SWEPT_AT_ONCE: Readonly<Record<Dialect, number>> = { postgres: 1_000, mysql: 1_000, sqlite: 100 }

interface Binding extends Pick<BackendContext, 'property' | 'now' | 'log'> {
  readonly settings: Settings
  readonly table: SessionTable
}

/**
 * Sessions in a table of PostgreSQL, SQLite, MySQL or MariaDB. The backend is atomic: of two writes which expect the same
 * version, only the first succeeds.
 *
 * The application makes the Kysely instance, and closes it. The table must exist: see `createSessionTable` and
 * `sessionMigration`.
 *
 * Each step is one statement, compiled once (names of PostgreSQL):
 *
 *     read     select … from sessions where id = $1 and property = $2
 *     create   insert into sessions (…) values (…) on conflict (id) do update set … where sessions.expires_at <= now
 *     replace  update sessions set … where id = … and property = … and expires_at > now and version = expected
 *     touch    update sessions set last_accessed_at = …, expires_at = … where … as for `replace` and last_accessed_at <= …
 *     end      delete from sessions where … as for `replace`
 *
 * On PostgreSQL with `pool`, what ends a session tells so by `pg_notify` in the same statement. Where it is more than one, those of
 * one turn of the event loop go together: reads on PostgreSQL and MySQL, `replace` on PostgreSQL with `pool`, and on SQLite with
 * `pool` all writes, in a transaction.
 *
 * After a refused write, a second statement reads the record that stands. Times are the clock of this process, in
 * milliseconds; the clock of the server does not matter. When the database gives up a statement in favour of a concurrent
 * statement (a deadlock, a busy file), the statement is sent again, at most five times and within two seconds.
 *
 * Registrations with different properties share the table, and an id of one is nothing to another. Only `removeExpired`
 * removes expired rows of all of them.
 *
 * Limits:
 *
 * - A row which the application's own constraints refuse is an error, answered with 503.
 * - `removeSubject` does not end a session whose INSERT reaches the database after the DELETE: such a session counts as a
 *   sign-in that began afterwards.
 */
export class DatabaseBackend implements SessionBackend {
  readonly atomic = true
  readonly #settings: Settings
  readonly #table: SessionTable
  readonly #property: string
  readonly #now: () => number
  readonly #log: BackendContext['log'] | undefined
  /** `null` where nothing can be told. */
  readonly #news: News | null
  #sweeper: Sweeper | undefined
  readonly #warnOfForeignRow: () => void

  /**
   * @param db a Kysely instance, outside a transaction
   * @param binding only for `bind`: the registration that uses the backend
   * @throws InvalidOptionsError
   */
  constructor (db: AnyKysely, options: DatabaseBackendOptions = {}, binding?: Binding) {
    assertKysely(db, 'DatabaseBackend')
    assertNoTransaction(db)
    this.#settings = binding?.settings ?? settingsOf(options)
    this.#table = binding?.table ?? new SessionTable(db, this.#settings.place, this.#settings.pool)
    this.#property = binding?.property ?? MAIN_PROPERTY
    this.#now = binding?.now ?? Date.now
    this.#log = binding?.log
    const { pools, place } = this.#table
    this.#news = pools.pg ? new News(pools.pg, place.table, this.#property) : null
    if (this.#news?.canListen !== true) hide(this, 'watch')
    this.#warnOfForeignRow = warnOnce(this.#log, 'a row of the session table is no session; it counts as absent')
  }

  /** The table, the schema and the columns in use. */
  get place (): Place { return this.#settings.place }

  /** @throws InvalidOptionsError when the property is too long for its column */
  bind ({ property, now, log }: BackendContext): DatabaseBackend {
    if (property.length > MAX_PROPERTY_CHARS) throw unexpected('property', `a name of up to ${MAX_PROPERTY_CHARS} characters`, property)
    return new DatabaseBackend(this.#table.db, {}, { property, now, log, settings: this.#settings, table: this.#table })
  }

  /**
   * Checks that the table exists, and starts the sweeper.
   *
   * @throws InvalidOptionsError when the table or a column is missing (the message shows the statements that create the
   * table), or when the Kysely instance was destroyed; any other error when the database cannot be reached now
   */
  async prepare (): Promise<void> {
    try {
      await checkDatabase(this.#table, this.#log)
    } catch (error) {
      // The sweeper starts although the database is down now, since the application starts too. A wrong option stops the start.
      if (!(error instanceof InvalidOptionsError)) this.#startSweeper()
      throw error
    }
    this.#startSweeper()
  }

  /** PostgreSQL with `pool` only, over one connection of its own for each pool; else the method is missing. */
  watch (listener: (id: string | null) => void, options?: WatchOptions): SessionWatch { return this.#news!.watch(listener, options) }

  async read (id: string): Promise<SessionRecord | null> {
    if (!isId(id)) return null
    const { rows: [row] } = await this.#table.statements.read(this.#one(id))
    if (row === undefined) return null
    const record = recordOfRow(row)
    if (record === null) this.#warnOfForeignRow()
    return record !== null && record.expiresAt > this.#now() ? record : null
  }

  /** What is read in one turn goes together, where statements do. */
  readMany (ids: readonly string[]): Promise<Array<SessionRecord | null>> { return Promise.all(ids.map(id => this.read(id))) }

  async write (id: string, record: SessionRecord, expectedVersion?: number, context?: WriteContext): Promise<WriteAnswer> {
    if (!isId(id)) return null
    const now = this.#now()
    if (record.expiresAt <= now) return await this.#end(id, record, expectedVersion, now)
    assertKeys(record)
    const { extra, place: { columns } } = this.#settings
    const own = extraValues(extra, columns, record, context)
    const channel = record.data === '' ? this.#news?.channel : undefined
    const more = { now, property: this.#property, expected: expectedVersion, channel }
    const row = await this.#table.prepareWrite(record, own, more, () => this.#standing(id, record))
    if (expectedVersion === 0) return await row.create()
    const answer = expectedVersion === undefined ? await row.overwrite() : await row.replace()
    if (answer === id && channel === undefined) this.#news?.tellChange(id)
    return answer
  }

  async touch (id: string, { version, lastAccessedAt, expiresAt }: SessionRecord): Promise<boolean | null> {
    if (!isId(id)) return false
    const { affected } = await this.#table.statements.touch({ ...this.#one(id), version, lastAccessedAt, expiresAt, now: this.#now() })
    if (affected > 0) return true
    // No row was changed: version or renewal are newer, or the session is gone. On MySQL also when the deadlines are as before.
    return await this.exists(id) ? null : false
  }

  async remove (id: string): Promise<void> { if (isId(id)) await this.#table.statements.remove(this.#ended(id)) }

  async exists (id: string): Promise<boolean> {
    if (!isId(id)) return false
    const { rows } = await this.#table.statements.exists({ ...this.#one(id), now: this.#now() })
    return rows.length > 0
  }

  /**
   * Pages in order of id. Sessions stored or removed between two pages neither hide nor repeat the rest. With the option `extra`,
   * each record has the values of all columns that are not this library's.
   */
  list (filter: ListFilter): Promise<ListPage<ListedRecord>> {
    return pageOf(this.#table, filter, this.#those(filter), this.#settings.extra !== undefined)
  }

  async count (filter: KeyFilter): Promise<number> {
    const { count } = await this.#table.selections(filter)
    const { rows } = await count(this.#those(filter))
    return Number(Object.values(rows[0]!)[0])
  }

  /** Removes expired sessions of all registrations that use the table, the oldest first. Safe on several nodes at once. */
  async removeExpired ({ limit = Infinity }: { limit?: number }): Promise<number> {
    const { statements, dialect } = this.#table
    const remove = async (most: number) => (await statements.removeExpired({ now: this.#now(), limit: most })).affected
    return await removeInBatches(remove, { limit, batchSize: SWEPT_AT_ONCE[dialect] })
  }

  async removeAll (): Promise<void> { await this.#table.statements.removeAll({ property: this.#property, channel: this.#news?.channel }) }

  removeSubject (subject: string, options: RemoveOptions): Promise<number> { return this.#removeThose({ subject }, options) }

  /** @throws InvalidOptionsError where the table has no columns for labels */
  removeLabel (label: string, options: RemoveOptions): Promise<number> { return this.#removeThose({ label }, options) }

  /** Stops the sweeper, and waits for a sweep under way. The Kysely instance stays open for the application. */
  async close (): Promise<void> { await this.#sweeper?.stop() }

  /** Removes the session, if the version that stands is the expected version. */
  async #end (id: string, record: SessionRecord, expected: number | undefined, now: number): Promise<WriteAnswer> {
    const { remove, removeVersion } = this.#table.statements
    if (expected === undefined) {
      await remove(this.#ended(id))
      return id
    }
    if (expected === 0) return await this.#standing(id, record) ?? id
    const { affected } = await removeVersion({ ...this.#ended(id), now, expected })
    return affected > 0 ? id : await this.#standing(id, record)
  }

  /**
   * The answer of a refused write: the record that stands, or `null`. The id when the stored version is the write's own: an
   * earlier try was stored, and its answer was lost.
   */
  async #standing (id: string, { version }: SessionRecord): Promise<WriteAnswer> {
    const stands = await this.read(id)
    return stands?.version === version ? id : stands
  }

  #one (id: string): { id: string, property: string } { return { id, property: this.#property } }

  #ended (id: string): Record<string, unknown> { return { ...this.#one(id), channel: this.#news?.channel } }

  async #removeThose (filter: KeyFilter, { except = '', ending }: RemoveOptions): Promise<number> {
    const { remove, end } = await this.#table.selections(filter)
    const values = { ...this.#those(filter), except: isId(except) ? except : '', channel: this.#news?.channel }
    const { affected } = ending === undefined ? await remove(values) : await end({ ...valuesOf(ending), ...values })
    return affected
  }

  /** The values of a filter. */
  #those ({ subject, label }: KeyFilter): Record<string, unknown> {
    return { property: this.#property, now: this.#now(), ofSubject: subject, ofLabel: label }
  }

  #startSweeper (): void {
    const everyMs = this.#settings.sweepEveryMs
    if (everyMs === null || this.#log === undefined) return
    this.#sweeper ??= new Sweeper({ everyMs, removeExpired: options => this.removeExpired(options), log: this.#log })
    this.#sweeper.start()
  }
}
