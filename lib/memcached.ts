/** The entry point `fastsessions/memcached`. Loads no driver: the application brings its memjs client. */
export { MemcachedBackend } from './backends/memcached/backend.ts'
export type { MemcachedBackendOptions, MemcachedClient } from './backends/memcached/options.ts'
