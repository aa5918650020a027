/** Random numbers that are the same for the same seed (mulberry32). */
export class Random {
  #state: number

  constructor (seed: number) {
    this.#state = seed >>> 0
  }

  /** At least 0, less than 1. */
  next (): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let x = this.#state
    x = Math.imul(x ^ (x >>> 15), x | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }

  /** An integer, at least 0 and less than `end`. */
  below (end: number): number { return Math.floor(this.next() * end) }

  isLessThan (share: number): boolean { return this.next() < share }

  of<T> (items: readonly T[]): T { return items[this.below(items.length)]! }

  /** One of the names, each as often as its weight says. */
  weighted<Name extends string> (weights: Readonly<Record<Name, number>>): Name {
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
    // The last character has only four bits of the 256.
    return Array.from({ length: 42 }, () => alphabet[this.below(64)]).join('') + alphabet[this.below(16) * 4]
  }
}
