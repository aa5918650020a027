import type { Event } from './history.ts'

/** How long the acknowledged endings of a kind took, in milliseconds. */
export interface Times {
  readonly count: number
  readonly p99Ms: number
  readonly longestMs: number
}

/** Whether a request ends a session, or moves a session to a new id. */
export function endsSession ({ kind, token }: Event): boolean {
  // A sign-in without a session ends none.
  if (kind === 'login') return token !== null
  return kind === 'destroy' || kind === 'regenerate' || kind === 'end' || kind === 'revoke'
}

/** How long a request took, apart from the time that its handler was told to wait. */
export function timeOf ({ kind, begin, end, holdMs }: Event): number {
  return end - begin - (kind === 'end' || kind === 'revoke' ? 0 : holdMs)
}

/** The times of all endings that were acknowledged, by kind. */
export function endingTimes (events: readonly Event[]): Record<string, Times> {
  const times: Record<string, number[]> = {}
  for (const event of events) {
    if (event.status === 200 && endsSession(event)) (times[event.kind] ??= []).push(timeOf(event))
  }
  return Object.fromEntries(Object.entries(times).map(([kind, all]) => [kind, summed(all)]))
}

function summed (times: number[]): Times {
  const sorted = times.sort((a, b) => a - b)
  return { count: sorted.length, p99Ms: sorted[Math.ceil(sorted.length * 0.99) - 1]!, longestMs: sorted.at(-1)! }
}

/** How many requests got a 503 although their client did nothing wrong and no server of theirs was down. */
export function wronglyUnavailable (events: readonly Event[], mayFail: (event: Event) => boolean): number {
  return events.filter(event => event.status === 503 && !mayFail(event)).length
}
