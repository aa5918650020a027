export type { Capabilities, Capability, TestRunner } from './case.ts'
export { capabilitiesOf, testBackend } from './kit.ts'
export { type Call, type Fault, FaultyBackend, type Operation } from './faulty.ts'
