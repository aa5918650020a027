/**
 * How deep a payload may be nested, the payload itself counted: as deep as MySQL and MongoDB let JSON be. Every walk through a
 * payload ends there, long before a stack is full, so that what a process stores can be read by any other process.
 */
export const MAX_DEPTH = 100
