/** The entry point `fastsessions/migrate`. */
export { MigratingBackend } from './backends/migrating/backend.ts'
export type { MigratingBackendOptions } from './backends/migrating/options.ts'
