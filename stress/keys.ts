import type { Endings } from './endings.ts'
import { describe, type Event, type History, type ReportViolation } from './history.ts'
import type { Issued } from './lineage.ts'

/** A write to a key at some moment from `begin` to `end`. `isCertain` tells that the write has been stored. */
interface Write {
  readonly value: number | null
  readonly begin: number
  readonly end: number
  readonly isCertain: boolean
  readonly event: Event | null
}

const BEFORE_ALL: Write = { value: null, begin: -Infinity, end: -Infinity, isCertain: true, event: null }

/**
 * Checks that each key is a register: a value that is read was written before, and no later write had overwritten the value
 * and been acknowledged when the reading began.
 */
export function checkKeys (
  family: readonly Issued[], endings: Endings, history: Required<Pick<History, 'events' | 'staleMs'>>, report: ReportViolation
): void {
  const writes = new Map<string, Write[]>()
  const add = (event: Event, isCertain: boolean): void => {
    const { key, value, begin, end, status } = event
    const isAnswered = status === 200
    const list = writes.get(key) ?? [BEFORE_ALL]
    list.push({ value, begin, end: isAnswered ? end : Infinity, isCertain: isCertain && isAnswered, event })
    writes.set(key, list)
  }
  for (const issued of family) {
    // A new id changes no key.
    if (issued.by.kind !== 'regenerate') add(issued.by, true)
    for (const event of issued.sent) {
      const isWrite = event.kind === 'write' || event.kind === 'create'
      if (!isWrite || event.status === 409 || event.answer?.isAccepted === false) continue
      // A change without `save()` is rightly dropped when the session has ended meanwhile.
      const hearsOfIt = event.kind === 'write' && event.isSaved
      add(event, hearsOfIt || !endings.isPossible(issued, event))
    }
  }
  for (const issued of family) {
    for (const event of issued.sent) if (event.answer?.isAccepted === true) checkReading(event, writes, history, report)
  }
}

function checkReading (
  event: Event, writes: ReadonlyMap<string, readonly Write[]>, { events, staleMs }: Required<Pick<History, 'events' | 'staleMs'>>,
  report: ReportViolation
): void {
  const { seen } = event.answer!
  const seenSince = event.begin - staleMs
  for (const key of new Set([...writes.keys(), ...Object.keys(seen)])) {
    if (key === 'count') continue
    const all = writes.get(key) ?? [BEFORE_ALL]
    const value = seen[key] ?? null
    const sources = all.filter(write => write.value === value && write.begin < event.end)
    if (sources.length === 0) {
      // Each step has another value, so that a value tells its step.
      const elsewhere = events.find(other => other.value === value)
      const source = elsewhere === undefined ? 'nobody wrote' : `is only from ${describe(elsewhere)} (${elsewhere.code})`
      report('a key has a value that was written to it', event, `${key} is ${value}, which ${source}`)
      continue
    }
    const over = all.findLast(write => write.isCertain && write.end < seenSince && sources.every(source => source.end < write.begin))
    if (over === undefined) continue
    report('an acknowledged key stays', event, `${key} is ${value} after ${describe(over.event!)}`)
  }
}
