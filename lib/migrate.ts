/** The entry point `fastsessions/migrate`. */
export { fromBackend, type FromBackendOptions } from './migrate/from-backend.ts'
export { optionsFrom, type Peer } from './migrate/options-from.ts'
