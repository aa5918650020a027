import type { Event, ReportViolation } from './history.ts'
import type { Issued } from './lineage.ts'

const PROMISE = 'a transaction counts once'

/** Checks a counter that only transactions change: an acknowledged transaction counts once, an unanswered one at most once. */
export function checkCounter (family: readonly Issued[], staleMs: number, report: ReportViolation): void {
  const events = family.flatMap(({ sent }) => sent)
  const tries = events.filter(({ kind, status, answer }) => kind === 'count' && status !== 409 && answer?.isAccepted !== false)
  const done = tries.filter(({ status }) => status === 200)
  const results = new Map<number, Event>()
  for (const event of done) {
    const { count } = event.answer!
    if (results.has(count!)) report(PROMISE, event, `two were answered with ${count}`)
    results.set(count!, event)
  }
  const least = countOf(done.map(({ end }) => end))
  const most = countOf(tries.map(({ begin }) => begin))
  for (const event of events) {
    if (event.answer === null || !event.answer.isAccepted) continue
    const { seen, count } = event.answer
    const high = most(event.end)
    assertBetween(seen['count'] ?? 0, least(event.begin - staleMs), high, event)
    // A transaction reads the store itself.
    if (count !== null) assertBetween(count, least(event.begin) + 1, high, event)
  }

  function assertBetween (value: number, low: number, high: number, event: Event): void {
    if (value < low || value > high) report(PROMISE, event, `the counter is ${value}, and must be from ${low} to ${high}`)
  }
}

/** A function that tells how many of these moments lie before a given moment. */
function countOf (moments: number[]): (moment: number) => number {
  const sorted = moments.sort((a, b) => a - b)
  return moment => {
    let [low, high] = [0, sorted.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sorted[middle]! < moment) low = middle + 1
      else high = middle
    }
    return low
  }
}
