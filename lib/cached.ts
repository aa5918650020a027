/** The entry point `fastsessions/cached`. */
export { CachedBackend } from './backends/cached/backend.ts'
export type { CachedBackendOptions } from './backends/cached/options.ts'
