import type { Times } from './measures.ts'
import type { Report } from './stress.ts'

const EXAMPLES_PER_PROMISE = 3

/** What a run found, for people. */
export function summary (title: string, { requests, counts, endings, unavailable, figures, violations }: Report): string {
  const lines = [
    `${title}: ${requests} requests, promises broken: ${violations.length}, wrong 503s: ${unavailable}`,
    `  ${listed(counts)}`,
    ...endingLines(endings),
    ...Object.entries(figures).map(([name, figure]) => `  ${name}: ${figure}`)
  ]
  for (const promise of new Set(violations.map(violation => violation.promise))) {
    const broken = violations.filter(violation => violation.promise === promise)
    lines.push(`  BROKEN ${promise}: ${broken.length}`, ...broken.slice(0, EXAMPLES_PER_PROMISE).map(({ detail }) => `    ${detail}`))
  }
  return lines.join('\n')
}

/** The longest time that an ending took, in milliseconds; 0 without any. */
export function longestEnding (endings: Report['endings']): number {
  return Math.max(0, ...Object.values(endings).map(({ longestMs }) => longestMs))
}

function endingLines (endings: Report['endings']): string[] {
  const shown = ([kind, { count, p99Ms, longestMs }]: [string, Times]): string =>
    `${kind} ${Math.round(longestMs)} ms (99 % of ${count} within ${Math.round(p99Ms)} ms)`
  const kinds = Object.entries(endings)
  return kinds.length === 0 ? [] : [`  longest endings: ${kinds.map(shown).join(', ')}`]
}

function listed (counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(', ')
}
