export { FileBackend, type FileBackendOptions } from './backends/file/backend.ts'
