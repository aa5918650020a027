export { MemcachedBackend } from './backends/memcached/backend.ts'
export type { MemcachedBackendOptions, MemcachedClient } from './backends/memcached/options.ts'
