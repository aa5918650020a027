/** The entry point `fastsessions/express-store`. Loads no store: the application brings a store for express-session. */
export { type ExpressStore, type ExpressStoreOptions, fromExpressStore } from './backends/express-store.ts'
