export { type ExpressStore, fromExpressStore } from './backends/express-store.ts'
