import type { SessionBackend } from '../../lib/index.ts'

/** An operation of a backend that waits until a run chooses the operation. */
interface Waiting { readonly actor: number, readonly go: () => void }

/** How many actors were waiting at a step, and the index of the chosen actor. */
export interface Step { readonly choice: number, readonly options: number }

/**
 * Runs actors step by step: each operation of a backend waits until the run chooses the operation. A run is therefore a
 * certain order of all operations, and every order can be tried.
 */
export class Stage {
  readonly #waiting: Waiting[] = []
  #isFree = true
  #underWay = 0

  readonly #sharesProcess: boolean

  /** @param sharesProcess whether actors share a commit queue, so that some actors wait there and not at the stage */
  constructor (sharesProcess: boolean) {
    this.#sharesProcess = sharesProcess
  }

  /** A backend whose operations wait for their turn while a run goes on. */
  gate (inner: SessionBackend, actor: number): SessionBackend {
    const pass = async <T>(send: () => T | PromiseLike<T>): Promise<T> => await this.pass(actor, send)
    return {
      atomic: inner.atomic === true,
      bind: context => this.gate(inner.bind!(context), actor),
      read: id => pass(() => inner.read(id)),
      ...(inner.readMany && { readMany: ids => pass(() => inner.readMany!(ids)) }),
      write: (...args) => pass(() => inner.write(...args)),
      remove: id => pass(() => inner.remove(id)),
      // Nothing waits for the confirmation of a sign-in, and no actor renews.
      touch: (id, record) => inner.touch!(id, record)
    }
  }

  /** A step of an actor: waits for its turn while a run goes on. */
  async pass<T> (actor: number, send: () => T | PromiseLike<T>): Promise<T> {
    if (this.#isFree) return await send()
    await new Promise<void>(resolve => { this.#waiting.push({ actor, go: resolve }) })
    return await this.follow(send)
  }

  /** What belongs to the step before: the next step comes after it. */
  async follow<T> (send: () => T | PromiseLike<T>): Promise<T> {
    this.#underWay++
    try {
      return await send()
    } finally {
      this.#underWay--
    }
  }

  /**
   * Runs all actors to their end.
   *
   * @param choices the index of the waiting actor that goes on, for each step; in later steps the first actor goes on
   * @returns the steps of the run
   */
  async run (actors: ReadonlyArray<() => Promise<void>>, choices: readonly number[]): Promise<Step[]> {
    const steps: Step[] = []
    this.#isFree = false
    let running = actors.length
    const failures: unknown[] = []
    for (const actor of actors) actor().catch(error => { failures.push(error) }).finally(() => { running-- })
    for (;;) {
      await this.#settled(() => running)
      if (running === 0) break
      this.#waiting.sort((a, b) => a.actor - b.actor)
      const options = this.#waiting.length
      const choice = choices[steps.length] ?? 0
      steps.push({ choice, options })
      this.#waiting.splice(choice, 1)[0]!.go()
    }
    this.#isFree = true
    for (const { go } of this.#waiting.splice(0)) go()
    if (failures.length > 0) throw failures[0]
    return steps
  }

  // Waits until each actor is done or waits for its turn. A retry may pause for some milliseconds in between.
  async #settled (running: () => number): Promise<void> {
    // An actor may wait with several steps at once, and one that is done may have left a step which nobody waits for.
    const isQuiet = () => this.#underWay === 0 && (new Set(this.#waiting.map(({ actor }) => actor)).size >= running() ||
      (this.#sharesProcess && this.#waiting.length > 0))
    for (let quietFor = 0; quietFor < 2;) {
      await new Promise(resolve => { setImmediate(resolve) })
      quietFor = isQuiet() ? quietFor + 1 : 0
    }
  }
}

/** Tries every order of operations, depth first, and returns the number of orders. */
export async function everyOrder (run: (choices: readonly number[]) => Promise<Step[]>): Promise<number> {
  let choices: number[] | null = []
  let orders = 0
  while (choices !== null) {
    const steps = await run(choices)
    orders++
    choices = following(steps)
  }
  return orders
}

function following (steps: readonly Step[]): number[] | null {
  for (let at = steps.length - 1; at >= 0; at--) {
    const { choice, options } = steps[at]!
    if (choice + 1 < options) return [...steps.slice(0, at).map(step => step.choice), choice + 1]
  }
  return null
}
