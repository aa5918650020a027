import type { SessionBackend } from '../../types/index.d.ts'

/** Knows which calls of a backend have no answer yet: nothing waits for some, such as the second write of a sign-in. */
export class Calls {
  readonly #open = new Set<Promise<unknown>>()

  /** Resolves when no call is under way. */
  async settled (): Promise<void> {
    while (this.#open.size > 0) await Promise.allSettled(this.#open)
  }

  /** The same backend, whose calls are watched. */
  watch (backend: SessionBackend): SessionBackend {
    return new Proxy(backend, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        if (typeof member !== 'function') return member
        return (...args: unknown[]) => {
          const answer: unknown = member.apply(target, args)
          if (name === 'bind') return this.watch(answer as SessionBackend)
          if (answer instanceof Promise) this.#note(answer)
          return answer
        }
      }
    })
  }

  #note (call: Promise<unknown>): void {
    this.#open.add(call)
    call.then(() => {}, () => {}).finally(() => { this.#open.delete(call) })
  }
}
