import { adminjs } from './adminjs.js'
import { keycloak } from './keycloak.js'
import { passport } from './passport.js'

/** What is moved: the lines, the walk of requests that both copies answer, and the pages whose throughput is measured. */
export const moves = [adminjs, keycloak, passport]
