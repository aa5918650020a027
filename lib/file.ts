/** The entry point `fastsessions/file`. */
export { FileBackend, type FileBackendOptions } from './backends/file/backend.ts'
