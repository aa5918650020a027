import { Listeners } from '../../tools/listeners.ts'

type Listener = (id: string | null) => void

/** Those who listen on one connection, each to a space: the sessions of one registration. */
export class Audience {
  readonly #spaces = new Map<string, Listeners<string | null>>()

  /** The spaces that somebody listens to. */
  get spaces (): string[] { return [...this.#spaces.keys()] }

  get isEmpty (): boolean { return this.#spaces.size === 0 }

  has (space: string): boolean { return this.#spaces.has(space) }

  /** @returns a function that takes the listener out again; to be called as often as one likes */
  add (space: string, listener: Listener): () => void {
    const listeners = this.#spaces.get(space) ?? new Listeners()
    this.#spaces.set(space, listeners)
    const stop = listeners.add(listener)
    return () => {
      stop()
      if (listeners.size === 0 && this.#spaces.get(space) === listeners) this.#spaces.delete(space)
    }
  }

  tell (space: string, id: string | null): void { this.#spaces.get(space)?.tell(id) }

  /** Anything may have changed, in any space. */
  tellAll (): void {
    for (const space of this.spaces) this.tell(space, null)
  }
}
