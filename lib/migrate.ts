/** The entry point `fastsessions/migrate`. */
export { fromBackend, type FromBackendOptions } from './migrate/from-backend.ts'
