/** The entry point `fastsessions`: the plugin, the cookie and the memory backend, and the errors. */
export { default } from './sessions.ts'
export { default as sessions } from './sessions.ts'
export { CookieBackend, type CookieBackendOptions } from './backends/cookie.ts'
export { MemoryBackend, type MemoryBackendOptions } from './backends/memory.ts'
export { appendBoth } from './payload/append-both.ts'
export { optionsSchema } from './config/options-schema.ts'
export {
  BackendContractError, BackendUnavailableError, InvalidOptionsError, NotSupportedError, ReservedKeyError,
  SessionConflictError, SessionDestroyedError, SessionLimitError, SessionNotLoadedError, SessionRequiredError, SessionSerializationError,
  SessionTooLargeError, SessionValidationError
} from './errors.ts'
export type * from '../types/index.d.ts'
import type {} from '../types/fastify.d.ts'
