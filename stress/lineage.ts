import type { Event } from './history.ts'

/** A cookie that was issued, and what is known of its session. */
export interface Issued {
  readonly token: string
  /** The request that was answered with it. */
  readonly by: Event
  /** The cookie whose session goes on under this one; `null` for one that began empty. */
  readonly parent: Issued | null
  /** Those that go on from it. */
  readonly children: Issued[]
  /** The request that its life began with: a new id alone does not make a session younger. */
  readonly life: Event
  /** The sign-in that its subject is from. */
  readonly signIn: Event | null
  /** The first of the sessions that it goes on from. */
  readonly root: Issued
  /** What was sent with it. */
  readonly sent: Event[]
}

/** Which cookie goes on from which. */
export class Lineage {
  readonly byToken = new Map<string, Issued>()
  /** Tokens that were issued although they were there already. */
  readonly repeated: Event[] = []

  constructor (events: readonly Event[]) {
    for (const event of [...events].sort((a, b) => a.end - b.end)) this.#add(event)
    for (const event of events) this.of(event)?.sent.push(event)
  }

  /** The cookie that a request came with. */
  of ({ token }: Event): Issued | undefined {
    return token === null ? undefined : this.byToken.get(token)
  }

  #add (event: Event): void {
    const token = event.issued
    if (token === null) return
    if (this.byToken.has(token) || token === event.token) {
      this.repeated.push(event)
      return
    }
    const parent = goesOn(event) ? this.of(event) ?? null : null
    const isRegenerated = parent !== null && event.kind === 'regenerate'
    const issued = {
      token,
      by: event,
      parent,
      children: [],
      life: isRegenerated ? parent.life : event,
      signIn: isRegenerated ? parent.signIn : event.kind === 'login' ? event : null,
      root: null as unknown as Issued,
      sent: []
    }
    issued.root = parent === null ? issued : parent.root
    parent?.children.push(issued)
    this.byToken.set(token, issued)
  }
}

/** Whether a request was answered with a cookie under which the session goes on that it came with. */
export function goesOn ({ kind, key, answer }: Event): boolean {
  if (answer === null || !answer.isAccepted) return false
  // A sign-in whose session had ended meanwhile has nothing but its own data.
  return kind === 'regenerate' || (kind === 'login' && Object.keys(answer.after).some(name => name !== key))
}
