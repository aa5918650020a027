/** The entry point `fastsessions/devices`. */
export { devices, type DevicesOptions } from './devices/plugin.ts'
