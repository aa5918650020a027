export { type Capabilities, capabilitiesOf, type Capability, testBackend, type TestRunner } from './kit.ts'
export { type Call, type Fault, FaultyBackend, type Operation } from './faulty.ts'
