import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void

const IN_FLIGHT = 100
const COUNT = 20_000
const PER_ROUND = 1_000

/** About as large as the state of a request. Text, since V8 learns to allocate objects of a kind in the old part at once. */
export type Load = string
const LOAD_BYTES = 800
const BYTES = Buffer.alloc(LOAD_BYTES, 'x')

/** What comes and goes with requests: `enter` puts the load of a number somewhere, `leave` takes the load out again. */
export interface Passage {
  enter (n: number, load: Load): void
  leave (n: number): void
  /** Puts a load there that stays: V8 puts objects of a kind that mostly stays into the old part at once. */
  keep? (n: number): void
}

/**
 * How many of 20,000 loads that came and went, 100 at a time, have moved to the old part of the heap, where only a whole collection
 * finds out that nobody uses them. Where nothing holds what has left, these are the few that were there when the young part was
 * collected.
 */
export function kept ({ enter, leave, keep }: Passage): number {
  for (let n = 0; n < COUNT; n++) {
    keep?.(n)
    if (n % PER_ROUND === 0) collect({ type: 'minor' })
  }
  const enterOne = (n: number): void => { enter(n, BYTES.toString('latin1')) }
  for (let n = 0; n < IN_FLIGHT; n++) enterOne(n)
  collect()
  const before = oldBytes()
  for (let n = 0; n < COUNT; n++) {
    enterOne(n + IN_FLIGHT)
    leave(n)
    if (n % PER_ROUND === 0) collect({ type: 'minor' })
  }
  return Math.round((oldBytes() - before) / LOAD_BYTES)
}

function oldBytes (): number {
  return getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')!.space_used_size
}
