/** The entry point `fastsessions/starlette`. */
export { StarletteCookieBackend, type StarletteCookieBackendOptions } from './backends/starlette/backend.ts'
