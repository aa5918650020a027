/** The entry point `fastsessions/database`. Loads `kysely` and no database driver: the application brings its Kysely instance. */
export { DatabaseBackend } from './backends/database/backend.ts'
export type { Extra, ExtraInput, ExtraValue } from './backends/database/extra.ts'
export type { Columns, Field, PlaceOptions } from './backends/database/names.ts'
export type { DatabaseBackendOptions } from './backends/database/options.ts'
export type { PoolLike, PoolOption } from './backends/database/pool.ts'
export type { SqliteLike } from './backends/database/sqlite.ts'
export {
  createSessionTable, migration, sessionMigration, type SessionMigration, type SessionTableOptions
} from './backends/database/table.ts'
