/** What an actor does next: a call of a store. */
export interface Call { readonly store: string, readonly isRead: boolean }

/** Waits until the run chooses the actor's call. */
export type Gate = (call: Call) => Promise<void>

interface Waiting { readonly call: Call, readonly go: () => void }

/** Which waiting actor went on at a step, of which that could have. */
interface Step { readonly choice: number, readonly options: readonly number[] }

/**
 * Runs actors in every order of their calls, depth first. Of orders that differ only by calls which do not see each other (of different
 * stores, or two reads) one is run: that with the lower actor first.
 *
 * @param begin makes the actors of a run, with a fresh state, and a check for its end
 * @returns the number of orders
 */
export async function everyOrderOf (
  begin: () => { actors: ReadonlyArray<(gate: Gate) => Promise<void>>, check: () => Promise<void> }
): Promise<number> {
  let choices: number[] | null = []
  let orders = 0
  while (choices !== null) {
    const { actors, check } = begin()
    const { steps, isWhole } = await runInOrder(actors, choices)
    if (isWhole) {
      orders++
      await check()
    }
    choices = following(steps)
  }
  return orders
}

async function runInOrder (
  actors: ReadonlyArray<(gate: Gate) => Promise<void>>, choices: readonly number[]
): Promise<{ steps: Step[], isWhole: boolean }> {
  const waiting = new Map<number, Waiting>()
  /** What tells that an actor has come to its next call, or to its end. */
  const arrivals: Array<{ resolve: () => void, reject: (error: unknown) => void }> = []
  const until = async (n: number, go: () => void): Promise<void> => await new Promise((resolve, reject) => {
    arrivals[n] = { resolve, reject }
    go()
  })
  for (const [n, actor] of actors.entries()) {
    const gate: Gate = call => new Promise(resolve => {
      waiting.set(n, { call, go: resolve })
      arrivals[n]!.resolve()
    })
    await until(n, () => { actor(gate).then(() => { arrivals[n]!.resolve() }, error => { arrivals[n]!.reject(error) }) })
  }
  const steps: Step[] = []
  let last: { readonly n: number, readonly call: Call } | null = null
  while (waiting.size > 0) {
    const options = optionsAfter(last, waiting)
    const choice = choices[steps.length] ?? 0
    steps.push({ choice, options })
    if (options.length === 0) return { steps, isWhole: false }
    const n: number = options[choice]!
    const { call, go } = waiting.get(n)!
    waiting.delete(n)
    last = { n, call }
    await until(n, go)
  }
  return { steps, isWhole: true }
}

/** A lower actor whose call does not see the last one could have gone first: that order is run, and this is not. */
function optionsAfter (last: { readonly n: number, readonly call: Call } | null, waiting: ReadonlyMap<number, Waiting>): number[] {
  const all = [...waiting.keys()].sort((a, b) => a - b)
  return last === null ? all : all.filter(n => n >= last.n || doesSee(waiting.get(n)!.call, last.call))
}

function doesSee (a: Call, b: Call): boolean { return a.store === b.store && !(a.isRead && b.isRead) }

function following (steps: readonly Step[]): number[] | null {
  for (let at = steps.length - 1; at >= 0; at--) {
    const { choice, options } = steps[at]!
    if (choice + 1 < options.length) return [...steps.slice(0, at).map(step => step.choice), choice + 1]
  }
  return null
}
