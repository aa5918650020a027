import type { Awaitable } from '../../types/index.d.ts'
import { HashMap } from './hash-map.ts'

export interface BatcherOptions<In, Out> {
  /** Handles the items of a batch by one step of the store. Answers for each item, in their order. */
  readonly together: (items: readonly In[]) => Awaitable<readonly Out[]>
  /** Handles a single item, when its batch has failed. */
  readonly alone: (item: In) => Awaitable<Out>
  /** Whether a failed batch is tried again item by item: a single item may be to blame. Else all items fail with the error. */
  readonly splits: (error: unknown, count: number) => boolean
  /** Items with the same key are never under way at the same time. @default items have no keys */
  readonly keyOf?: (item: In) => string
  /** How much of `maxSize` an item takes. @default 0 */
  readonly sizeOf?: (item: In) => number
  /** The most items in a batch. */
  readonly maxItems: number
  /** The most size in a batch of several items. @default no limit */
  readonly maxSize?: number
  /** How many batches may be under way at the same time. What comes meanwhile waits, and goes together. */
  readonly lanes: number
  /** A batch or an item that takes longer counts as under way no more: what hangs must not hold up all the rest. In milliseconds. */
  readonly patienceMs: number
}

interface Waiting<In, Out> {
  readonly item: In
  readonly key: string | null
  readonly resolve: (out: Out) => void
  readonly reject: (error: unknown) => void
}

/**
 * Collects what is asked in one turn of the event loop, and handles it together.
 *
 * A batch leaves by `setImmediate`: that runs right after the callbacks of all sockets that had something to read, so that all of
 * their requests are in the batch, and a request alone does not wait for a timer.
 *
 * @example
 * const reads = new Batcher({
 *   together: ids => select(ids), alone: async id => (await select([id]))[0], splits: () => true,
 *   maxItems: 100, lanes: 3, patienceMs: 1_000
 * })
 * await Promise.all([reads.add('a'), reads.add('b')]) // one call of `together`
 */
export class Batcher<In, Out> {
  readonly #options: BatcherOptions<In, Out>
  #waiting: Array<Waiting<In, Out>> = []
  /** How often each key is under way. */
  readonly #keys = new HashMap<string, number>()
  #freeLanes: number
  #isDue = false

  constructor (options: BatcherOptions<In, Out>) {
    this.#options = options
    this.#freeLanes = options.lanes
  }

  add (item: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, key: this.#options.keyOf?.(item) ?? null, resolve, reject })
      if (this.#isDue) return
      this.#isDue = true
      setImmediate(() => {
        this.#isDue = false
        this.#send()
      })
    })
  }

  /** Sends batches, as many as there are free lanes. */
  #send (): void {
    while (this.#freeLanes > 0) {
      const batch = this.#take()
      if (batch.length === 0) return
      this.#freeLanes--
      this.#handle(batch)
    }
  }

  /** Takes the items of the next batch: those that have waited longest, but none whose key is under way. */
  #take (): Array<Waiting<In, Out>> {
    const { maxItems, maxSize = Infinity, sizeOf = () => 0 } = this.#options
    const batch: Array<Waiting<In, Out>> = []
    const rest: Array<Waiting<In, Out>> = []
    let size = 0
    for (const waiting of this.#waiting) {
      const { item, key } = waiting
      const isFull = batch.length === maxItems || (batch.length > 0 && size + sizeOf(item) > maxSize)
      if (isFull || (key !== null && this.#keys.has(key))) {
        rest.push(waiting)
        continue
      }
      this.#begin(key)
      size += sizeOf(item)
      batch.push(waiting)
    }
    this.#waiting = rest
    return batch
  }

  async #handle (batch: ReadonlyArray<Waiting<In, Out>>): Promise<void> {
    const { together, splits } = this.#options
    const leave = this.#hold(() => {
      this.#freeLanes++
      for (const { key } of batch) this.#end(key)
    })
    try {
      const answers = await together(batch.map(({ item }) => item))
      for (const [n, { resolve }] of batch.entries()) resolve(answers[n]!)
    } catch (error) {
      if (splits(error, batch.length)) for (const waiting of batch) this.#handleAlone(waiting)
      else for (const { reject } of batch) reject(error)
    }
    leave()
  }

  /** Takes no lane: an item that takes long must hold up no other items. */
  async #handleAlone ({ item, key, resolve, reject }: Waiting<In, Out>): Promise<void> {
    this.#begin(key)
    const leave = this.#hold(() => { this.#end(key) })
    try {
      resolve(await this.#options.alone(item))
    } catch (error) {
      reject(error)
    }
    leave()
  }

  /** Returns a function that releases what is held, unless the patience has run out before, and sends what has waited for it. */
  #hold (release: () => void): () => void {
    let isHeld = true
    const leave = (): void => {
      clearTimeout(timer)
      if (!isHeld) return
      isHeld = false
      release()
      this.#send()
    }
    const timer = setTimeout(leave, this.#options.patienceMs).unref()
    return leave
  }

  #begin (key: string | null): void {
    if (key !== null) this.#keys.set(key, (this.#keys.get(key) ?? 0) + 1)
  }

  #end (key: string | null): void {
    if (key === null) return
    const times = this.#keys.get(key)! - 1
    if (times === 0) this.#keys.delete(key)
    else this.#keys.set(key, times)
  }
}
