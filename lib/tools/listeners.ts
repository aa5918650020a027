/**
 * Functions that want to be told. One that throws keeps nothing from the others, nor from who tells: what happened has happened.
 *
 * @example
 * const listeners = new Listeners<string>()
 * const stop = listeners.add(text => { console.log(text) })
 * listeners.tell('hello')
 */
export class Listeners<Value> {
  // An object for each: a function that was added twice is told twice, and goes once for each time.
  readonly #all = new Set<{ readonly listen: (value: Value) => void }>()

  get size (): number { return this.#all.size }

  /** @returns a function that takes the listener out again; to be called as often as one likes */
  add (listen: (value: Value) => void): () => void {
    const entry = { listen }
    this.#all.add(entry)
    return () => { this.#all.delete(entry) }
  }

  tell (value: Value): void {
    for (const { listen } of this.#all) {
      try {
        listen(value)
      } catch {
        // Not ours, and nobody waits for it.
      }
    }
  }
}
