import { inspect } from 'node:util'
import { type Sequence, sequenceOf } from './generator.ts'
import { type Fault, type Open, play } from './play.ts'
import { traits as traitsOf } from './settings.ts'
import { shrink } from './shrink.ts'

export interface Found { readonly seed: number, readonly sequence: Sequence, readonly fault: Fault }

export interface Run { readonly sequences: number, readonly requests: number, readonly found: readonly Found[] }

export interface RunOptions {
  readonly backend: string
  readonly open: Open
  /** The first sequence has this seed, the next one the next number. */
  readonly seed: number
  readonly sequences: number
  /** How many sequences are played at once. */
  readonly lanes?: number
  /** After so many faults no more are looked for. */
  readonly mostFaults?: number
}

/** Plays sequences until all are played, or enough faults are found. */
export async function run ({ backend, open, seed, sequences, lanes = 1, mostFaults = 1 }: RunOptions): Promise<Run> {
  const traits = traitsOf[backend]!
  const found: Found[] = []
  let [played, requests] = [0, 0]
  const replay = async (sequence: Sequence): Promise<Fault | null> => await play(sequence, traits, open)
  const lane = async (): Promise<void> => {
    while (played < sequences && found.length < mostFaults) {
      const own = seed + played++
      const sequence = sequenceOf(own, traits)
      requests += requestsIn(sequence)
      const fault = await replay(sequence)
      if (fault === null) continue
      const [least, still] = await shrink(sequence, fault, replay)
      found.push({ seed: own, sequence: least, fault: still })
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return { sequences: played, requests, found }
}

function requestsIn ({ steps }: Sequence): number {
  return steps.reduce((sum, { kind }) => sum + (kind === 'pair' ? 2 : kind === 'request' ? 1 : 0), 0)
}

/** What a person needs to see the fault. */
export function told (backend: string, { seed, sequence: { settings, steps }, fault }: Found): string {
  const lines = steps.map((step, index) => `${index}: ${JSON.stringify(step)}`)
  const { what, expected, actual, step } = fault
  return [
    `${backend}, seed ${seed}: after step ${step}, ${what} is not as the model says`,
    `settings: ${JSON.stringify(settings)}`,
    ...lines,
    `expected: ${inspect(expected, { depth: 9, breakLength: 130 })}`,
    `actual: ${inspect(actual, { depth: 9, breakLength: 130 })}`,
    `again: node scripts/model.js --backend ${backend} --seed ${seed} --sequences 1`
  ].join('\n')
}
