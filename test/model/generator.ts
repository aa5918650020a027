import { Random } from '../../stress/random.ts'
import { drawSettings, lifetimes, SECOND, type Settings, type Traits } from './settings.ts'
import type { Act, Data, Edit, PairStep, RequestStep, Route, Step, Value } from './steps.ts'

/** A sequence to play, made from its seed. */
export interface Sequence { readonly settings: Settings, readonly steps: readonly Step[] }

const MOST_STEPS = 10
const MOST_ACTS = 4
/** Requests last less than the five minutes for which a tombstone is needed (docs/architecture.md). */
const MOST_MS_IN_REQUEST = 140 * SECOND

const keys = ['a', 'b', 'c']
/** Names of members are keys like any other, but no properties. */
const hiddenKeys = ['data', 'id']
const subjects = ['ada', 'bob']

/** How often each is drawn. */
const editWeights = { set: 3, delete: 2, inside: 5, push: 1, increment: 2 } as const
const operationWeights = { save: 3, reload: 1, transaction: 2, login: 2, regenerate: 1, regenerateId: 1, destroy: 1 } as const
const otherWeights = { assign: 5, update: 1, setLifetime: 2, clear: 1, touch: 1, wait: 2 } as const
const actWeights = { ...editWeights, ...operationWeights, ...otherWeights }
/** For two requests whose changes have to be merged. */
const mergingWeights = { inside: 8, assign: 2, delete: 1, save: 1, transaction: 1 } as const

type Weights = Readonly<Partial<Record<Act['do'], number>>>

export function sequenceOf (seed: number, traits: Traits): Sequence {
  const random = new Random(seed)
  const settings = drawSettings(random, traits)
  const generator = new Generator(random, settings, traits.hasClock ? 0 : -1)
  const steps = Array.from({ length: 1 + random.below(MOST_STEPS) }, () => generator.step())
  return { settings, steps: random.isLessThan(0.7) ? [generator.beginning(), ...steps] : steps }
}

class Generator {
  readonly #random: Random
  readonly #settings: Settings
  readonly #before: number
  #leftInRequest = 0

  /** @param before what is added for a time just before one that matters */
  constructor (random: Random, settings: Settings, before: number) {
    this.#random = random
    this.#settings = settings
    this.#before = before
  }

  /** A session with objects, so that there is something to change in them. */
  beginning (): Step {
    const acts = keys.map((key): Act => ({ do: 'assign', key, value: { a: this.#value(), b: { a: 1, b: 1 } } }))
    return { kind: 'request', route: '/', acts }
  }

  step (): Step {
    const kind = this.#random.weighted({ request: 5, pair: 3, wait: 2 })
    this.#leftInRequest = 2 * MOST_MS_IN_REQUEST
    if (kind === 'wait') return { kind, ms: this.#time() }
    return kind === 'pair' ? this.#pair() : this.#request()
  }

  #request (): RequestStep {
    return { kind: 'request', route: this.#route(), acts: this.#random.isLessThan(0.1) ? null : this.#acts() }
  }

  #pair (): PairStep {
    const weights = this.#random.isLessThan(0.5) ? mergingWeights : actWeights
    const acts = (): Act[] => this.#acts(weights)
    return { kind: 'pair', route: this.#route(), before: acts(), after: acts(), other: { route: this.#route(), acts: acts() } }
  }

  #route (): Route { return this.#random.isLessThan(0.2) ? '/passive' : '/' }

  #acts (weights: Weights = actWeights): Act[] {
    return Array.from({ length: this.#random.below(MOST_ACTS + 1) }, () => this.#act(weights))
  }

  /** A time around one that matters: a bit, `renewAfter`, the idle timeout, the absolute timeout. */
  #time (): number {
    const { idleMs, absoluteMs } = this.#settings
    const about = this.#random.of([0, 0.1 * idleMs, 0.25 * idleMs, 0.6 * idleMs, idleMs, absoluteMs ?? idleMs])
    return Math.max(0, Math.round(about) + this.#random.of([this.#before, 0, 1, 537, 1_500]))
  }

  #act (weights: Weights): Act {
    const random = this.#random
    const kind = random.weighted(weights)
    switch (kind) {
      case 'assign': return { do: kind, key: random.of(keys), value: this.#value() }
      case 'update': return { do: kind, data: this.#data() }
      case 'setLifetime': return { do: kind, lifetime: random.of(lifetimes) }
      case 'login': return { do: kind, subject: random.of(subjects), data: random.isLessThan(0.5) ? {} : this.#data() }
      case 'regenerate': return { do: kind, keep: keys.filter(() => random.isLessThan(0.3)) }
      case 'transaction': return { do: kind, edits: Array.from({ length: 1 + random.below(2) }, () => this.#edit()) }
      case 'wait': return this.#wait()
      case 'clear': case 'touch': case 'save': case 'reload': case 'regenerateId': case 'destroy': return { do: kind }
      default: return this.#edit(kind)
    }
  }

  #wait (): Act {
    const ms = Math.min(this.#time(), MOST_MS_IN_REQUEST, this.#leftInRequest)
    this.#leftInRequest -= ms
    return { do: 'wait', ms }
  }

  #edit (kind: Edit['do'] = this.#random.weighted(editWeights)): Edit {
    const random = this.#random
    const key = random.of(random.isLessThan(0.15) ? hiddenKeys : keys)
    if (kind === 'set') return { do: kind, key, value: this.#value() }
    if (kind === 'push') return { do: kind, key, value: random.below(3) }
    if (kind !== 'inside') return { do: kind, key }
    const path = [key, random.of(keys), ...(random.isLessThan(0.4) ? [random.of(keys)] : [])]
    return random.isLessThan(0.25) ? { do: kind, path } : { do: kind, path, value: this.#value(1) }
  }

  #data (): Data {
    const chosen = [...keys, ...hiddenKeys].filter(() => this.#random.isLessThan(0.3))
    return Object.fromEntries(chosen.map(key => [key, this.#value()]))
  }

  #value (depth = 2): Value {
    const random = this.#random
    const kind = random.below(depth > 0 ? 8 : 4)
    if (kind < 2) return random.below(3)
    if (kind === 2) return random.of([null, 'text', '', true])
    if (kind === 3) return [random.below(2)]
    return Object.fromEntries(keys.filter(() => random.isLessThan(0.5)).map(key => [key, this.#value(depth - 1)]))
  }
}
