/** The entry point `fastsessions/redis`. Loads no driver: the application brings its ioredis client. */
export { RedisBackend } from './backends/redis/backend.ts'
export type { RedisBackendOptions } from './backends/redis/backend.ts'
export type { RedisClient } from './backends/redis/client.ts'
