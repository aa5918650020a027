/** The entry point `fastsessions/migrate`: readers of the sessions of other libraries, for the option `migrateFrom`. */
export { fromExpressSession, fromFastifySession } from './readers/express.ts'
export type { ExpressSessionOptions, FastifySessionOptions } from './readers/express.ts'
export { fromIronSession } from './readers/iron.ts'
export type { IronSessionOptions } from './readers/iron.ts'
export type { ReaderOptions, Secrets } from './readers/options.ts'
export { fromSecureSession } from './readers/secure-session.ts'
export type { SecureSessionOptions } from './readers/secure-session.ts'
