/** Holds every caller of `pass` until `open` is called, and tells when the first caller has come. */
export class Gate {
  /** Resolves when the first caller has come. */
  readonly reached: Promise<void>
  /** Resolves when the gate is open. */
  readonly opened: Promise<void>
  #reach!: () => void
  #open!: () => void

  constructor () {
    this.reached = new Promise(resolve => { this.#reach = resolve })
    this.opened = new Promise(resolve => { this.#open = resolve })
  }

  readonly pass = (): Promise<void> => {
    this.#reach()
    return this.opened
  }

  readonly open = (): void => { this.#open() }
}

/** Resolves after all due callbacks, promises and streams have run. */
export async function settled (): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => { setImmediate(resolve) })
}

/** Timers of the library do not keep a process alive. A test that waits for one has to do so itself. */
export function stayAlive (t: { teardown (end: () => void): unknown }): void {
  const timer = setInterval(() => {}, 60_000)
  t.teardown(() => { clearInterval(timer) })
}
