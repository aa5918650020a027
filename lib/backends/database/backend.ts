import type { BackendContext, ListFilter, ListPage, SessionBackend, SessionRecord, WriteContext } from '../../../types/index.d.ts'
import { unexpected } from '../../tools/check-options.ts'
import { InvalidOptionsError, SessionSerializationError } from '../../errors.ts'
import { isId } from '../../record/ids.ts'
import { Sweeper } from '../sweeper.ts'
import { DEFAULT_PAGE, MAIN_PROPERTY } from '../conventions.ts'
import { type AnyKysely, assertKysely, assertNoTransaction } from './dialect.ts'
import { extraValues } from './extra.ts'
import type { Place } from './names.ts'
import { type DatabaseBackendOptions, type Settings, settingsOf } from './options.ts'
import { checkPool } from './pool.ts'
import { checkPoolTable, checkSqlMode, checkTable } from './prepare.ts'
import { recordOfRow } from './rows.ts'
import { SessionTable, type WriteAnswer } from './session-table.ts'
import type { Answer } from './statement.ts'
import { sweep } from './sweep.ts'

/** What the columns of `createSessionTable` hold in MySQL, and an index entry in PostgreSQL. In UTF-16 units. */
const MAX_SUBJECT_CHARS = 255
const MAX_PROPERTY_CHARS = 64

interface Binding extends Pick<BackendContext, 'property' | 'now'> {
  readonly log: BackendContext['log'] | undefined
}

/**
 * Sessions in a table of PostgreSQL, SQLite, MySQL or MariaDB, through the application's Kysely instance, which it never
 * closes. Atomic. It creates no table by itself: see `createSessionTable` and `sessionMigration`.
 *
 * No transaction is opened; each of these is one statement, compiled once (names of PostgreSQL):
 *
 *     read     select … from sessions where id = $1
 *     create   insert into sessions (…) values (…) on conflict (id) do update set … where sessions.expires_at <= now
 *     replace  update sessions set … where id = $1 and expires_at > now and version = expected
 *     touch    update sessions set last_accessed_at = …, expires_at = … where id = $1 and expires_at > now and version = $4
 *     end      delete from sessions where id = $1 and expires_at > now and version = expected
 *
 * A write that is refused reads once more, for the record that stands. Times are numbers of this process's clock, never the
 * server's. A statement that the database gave up in favour of another (a deadlock, a busy file) is sent again, five times
 * at most, and not after two seconds.
 *
 * What it does not do: notice that the application's own constraints refuse a row (that is an error, 503), or keep a
 * sign-in from being stored whose INSERT reaches the database after `removeSubject` has deleted: it counts as one that
 * began afterwards.
 */
export class DatabaseBackend implements SessionBackend {
  readonly atomic = true
  readonly #settings: Settings
  readonly #table: SessionTable
  readonly #property: string
  readonly #now: () => number
  readonly #log: BackendContext['log'] | undefined
  #sweeper: Sweeper | undefined
  #hasWarned = false

  /**
   * @param db a Kysely instance, outside a transaction
   * @throws InvalidOptionsError
   */
  constructor (db: AnyKysely, options: DatabaseBackendOptions = {}, binding?: Binding & { readonly settings: Settings, readonly table: SessionTable }) {
    assertKysely(db, 'DatabaseBackend')
    assertNoTransaction(db)
    this.#settings = binding?.settings ?? settingsOf(options)
    this.#table = binding?.table ?? new SessionTable(db, this.#settings.place, this.#settings.pool)
    this.#property = binding?.property ?? MAIN_PROPERTY
    this.#now = binding?.now ?? Date.now
    this.#log = binding?.log
  }

  /** Where it stores. */
  get place (): Place { return this.#settings.place }

  /** @throws InvalidOptionsError */
  bind ({ property, now, log }: BackendContext): DatabaseBackend {
    if (property.length > MAX_PROPERTY_CHARS) throw unexpected('property', `a name of up to ${MAX_PROPERTY_CHARS} characters`, property)
    return new DatabaseBackend(this.#table.db, {}, { property, now, log, settings: this.#settings, table: this.#table })
  }

  /**
   * Looks whether the table is there, and starts the sweeper.
   *
   * @throws InvalidOptionsError when the table or a column is missing (it shows the statements that make them), or when
   * the Kysely instance was destroyed; any other error means that the database cannot be reached now
   */
  async prepare (): Promise<void> {
    const { db, dialect, place, statements } = this.#table
    const { pool, sweepEveryMs } = this.#settings
    try {
      await checkTable(db, dialect, place)
      if (pool) await checkPoolTable(statements.read)
      if (dialect === 'mysql') await checkSqlMode(db, this.#log)
      if (dialect === 'postgres' && this.#log !== undefined) await checkPool(pool, db, this.#log)
    } catch (error) {
      if (error instanceof InvalidOptionsError) throw error
      this.#startSweeper(sweepEveryMs)
      throw error
    }
    this.#startSweeper(sweepEveryMs)
  }

  async read (id: string): Promise<SessionRecord | null> {
    if (!isId(id)) return null
    const { rows: [row] } = await this.#table.statements.read({ id })
    if (row === undefined) return null
    const record = recordOfRow(row)
    if (record === null) this.#warnOnce()
    return record !== null && record.expiresAt > this.#now() ? record : null
  }

  async write (id: string, record: SessionRecord, expectedVersion?: number, context?: WriteContext): Promise<WriteAnswer> {
    if (!isId(id)) return null
    const now = this.#now()
    if (record.expiresAt <= now) return await this.#end(id, record, expectedVersion, now)
    assertSubject(record.subject)
    const { extra, place: { columns } } = this.#settings
    const own = extraValues(extra, columns, record, context)
    const more = { now, property: this.#property, expected: expectedVersion }
    const row = this.#table.prepareWrite(record, own, more, () => this.#standing(id, record))
    if (expectedVersion === undefined) return await row.overwrite()
    return expectedVersion === 0 ? await row.create() : await row.replace()
  }

  async touch (id: string, { version, lastAccessedAt, expiresAt }: SessionRecord): Promise<boolean> {
    if (!isId(id)) return false
    const { affected } = await this.#table.statements.touch({ id, version, lastAccessedAt, expiresAt, now: this.#now() })
    // Another version; or MySQL counts changed rows, and nothing changed.
    return affected > 0 || await this.exists(id)
  }

  async remove (id: string): Promise<void> {
    if (isId(id)) await this.#table.statements.remove({ id })
  }

  async exists (id: string): Promise<boolean> {
    if (!isId(id)) return false
    const { rows } = await this.#table.statements.exists({ id, now: this.#now() })
    return rows.length > 0
  }

  /** Pages in order of id; a session stored or removed meanwhile neither hides nor repeats another. */
  async list ({ subject, limit = DEFAULT_PAGE, cursor = '' }: ListFilter): Promise<ListPage<SessionRecord>> {
    const { list, listSubject } = this.#table.statements
    const statement = subject === undefined ? list : listSubject
    const { rows } = await statement({ ...this.#mine(), subject, cursor: isId(cursor) ? cursor : '', limit: limit + 1 })
    const page = rows.slice(0, limit)
    return {
      sessions: page.map(recordOfRow).filter(record => record !== null),
      cursor: rows.length > limit ? String(Object.values(page.at(-1)!)[0]) : null
    }
  }

  async count ({ subject }: { subject?: string }): Promise<number> {
    const { count, countSubject } = this.#table.statements
    const statement = subject === undefined ? count : countSubject
    return countOf(await statement({ ...this.#mine(), subject }))
  }

  /** Of all registrations that use the table, the oldest first. Safe beside traffic and on many nodes at once. */
  async removeExpired ({ limit = Infinity }: { limit?: number }): Promise<number> {
    const { statements, dialect } = this.#table
    return await sweep(statements.removeExpired, dialect, this.#now, limit)
  }

  async removeAll (): Promise<void> {
    await this.#table.statements.removeAll({ property: this.#property })
  }

  async removeSubject (subject: string, { except = '' }: { except?: string }): Promise<number> {
    const { affected } = await this.#table.statements.removeSubject({ ...this.#mine(), subject, except: isId(except) ? except : '' })
    return affected
  }

  /** Stops the sweeper, and waits for it. The Kysely instance stays open: it is the application's. */
  async close (): Promise<void> {
    await this.#sweeper?.stop()
  }

  // Compare-and-remove.
  async #end (id: string, record: SessionRecord, expected: number | undefined, now: number): Promise<WriteAnswer> {
    const { remove, removeVersion } = this.#table.statements
    if (expected === undefined) {
      await remove({ id })
      return id
    }
    if (expected !== 0 && (await removeVersion({ id, now, expected })).affected > 0) return id
    return await this.#standing(id, record) ?? (expected === 0 ? id : null)
  }

  /** After a refusal: the record that stands; the id when it is this very write, whose answer was lost. */
  async #standing (id: string, { version }: SessionRecord): Promise<WriteAnswer> {
    const stands = await this.read(id)
    return stands?.version === version ? id : stands
  }

  #mine (): { property: string, now: number } {
    return { property: this.#property, now: this.#now() }
  }

  #startSweeper (everyMs: number | null): void {
    if (everyMs === null || this.#log === undefined) return
    this.#sweeper ??= new Sweeper({ everyMs, removeExpired: options => this.removeExpired(options), log: this.#log })
    this.#sweeper.start()
  }

  #warnOnce (): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    this.#log?.warn('a row of the session table is no session; it counts as absent')
  }
}

function countOf ({ rows: [row] }: Answer): number {
  return Number(Object.values(row!)[0])
}

function assertSubject (subject: string | null): void {
  if (subject === null || subject.length <= MAX_SUBJECT_CHARS) return
  throw new SessionSerializationError('subject', `must have at most ${MAX_SUBJECT_CHARS} characters in a database, and has ${subject.length}`)
}
