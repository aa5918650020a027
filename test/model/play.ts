import type { SessionBackend } from '../../types/index.d.ts'
import { Gate } from '../helpers/gate.ts'
import { Comparison, type Difference } from './compare.ts'
import type { Sequence } from './generator.ts'
import { Reality } from './reality.ts'
import { ModelRequest } from './request.ts'
import type { Traits } from './settings.ts'
import type { PairStep, RequestStep, Step } from './steps.ts'
import { World } from './world.ts'

/** How the application differs from the model, and after which step; `null` where it does not. */
export interface Fault extends Difference { readonly step: number }

/** Opens an empty store, and closes it after use. */
export type Open = () => Promise<{ backend: SessionBackend, close (): Promise<void> }>

/** Plays a sequence in the model and in a real application. */
export async function play ({ settings, steps }: Sequence, traits: Traits, open: Open): Promise<Fault | null> {
  const { backend, close } = await open()
  const reality = await Reality.open(backend, settings)
  const game = new Game(new World(settings, traits), reality)
  try {
    for (const [index, step] of steps.entries()) {
      const difference = await game.play(step)
      if (difference !== null) return { step: index, ...difference }
    }
    return null
  } finally {
    await reality.close()
    await close()
  }
}

class Game {
  readonly #world: World
  readonly #reality: Reality
  readonly #comparison: Comparison

  constructor (world: World, reality: Reality) {
    this.#world = world
    this.#reality = reality
    this.#comparison = new Comparison(world, reality)
  }

  async play (step: Step): Promise<Difference | null> {
    if (step.kind === 'wait') {
      this.#world.now += step.ms
      this.#reality.wait(step.ms)
      return await this.#comparison.afterwards()
    }
    try {
      const difference = step.kind === 'pair' ? await this.#pair(step) : await this.#request(step)
      return difference ?? await this.#comparison.afterwards()
    } catch (error) {
      return { what: 'the step', expected: 'no error', actual: (error as Error).stack }
    }
  }

  async #request ({ route, acts }: RequestStep): Promise<Difference | null> {
    const actual = await this.#reality.request(route, acts && [acts])
    if (acts === null) return this.#comparison.outcome({ status: 200, views: [], cookie: 'none' }, actual, false, false)
    const request = new ModelRequest(this.#world, route)
    request.run(acts)
    return this.#comparison.outcome(request.finish(), actual, true, request.isSignedIn)
  }

  async #pair ({ route, before, after, other }: PairStep): Promise<Difference | null> {
    const gate = new Gate()
    const running = this.#reality.request(route, [before, after], gate.pass)
    await gate.reached
    const second = await this.#reality.request(other.route, [other.acts])
    gate.open()
    const first = await running
    const one = new ModelRequest(this.#world, route)
    one.run(before)
    const two = new ModelRequest(this.#world, other.route)
    two.run(other.acts)
    const difference = this.#comparison.outcome(two.finish(), second, true, two.isSignedIn)
    one.run(after)
    return difference ?? this.#comparison.outcome(one.finish(), first, true, one.isSignedIn)
  }
}
