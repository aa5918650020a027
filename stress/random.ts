import { seededRandom } from '../test/helpers/seeded-random.ts'

/** Random choices, the same sequence for the same seed. */
export class Random {
  /** At least 0, less than 1. */
  readonly next: () => number

  constructor (seed: number) {
    this.next = seededRandom(seed)
  }

  /** An integer, at least 0 and less than `end`. */
  below (end: number): number { return Math.floor(this.next() * end) }

  isLessThan (share: number): boolean { return this.next() < share }

  of<T> (items: readonly T[]): T { return items[this.below(items.length)]! }

  /** A name; the weights say how often each name is chosen. */
  weighted<Name extends string> (weights: Readonly<Partial<Record<Name, number>>>): Name {
    const entries = Object.entries(weights) as Array<[Name, number]>
    let rest = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      rest -= weight
      if (rest < 0) return name
    }
    return entries[0]![0]
  }

  /** Text that looks like a token. */
  token (): string {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    // 43 characters of base64url have 258 bits: of the last character, only four bits belong to the 256.
    return Array.from({ length: 42 }, () => alphabet[this.below(64)]).join('') + alphabet[this.below(16) * 4]
  }
}
