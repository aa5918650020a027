import type { Event } from './history.ts'

/** An issued token, and what is known of its session. */
export interface Issued {
  readonly token: string
  /** The request whose answer set the token. */
  readonly by: Event
  /** The token whose session continues under this token; `null` for a session that began empty. */
  readonly parent: Issued | null
  /** The tokens under which the session continues. */
  readonly children: Issued[]
  /** The request in which the session began: a new id alone does not make a session younger. */
  readonly life: Event
  /** The sign-in that set the subject. */
  readonly signIn: Event | null
  /** The first session of the chain of parents. */
  readonly root: Issued
  /** The requests that were sent with the token. */
  readonly sent: Event[]
  /** Those of them that ask for the end of the session under this token. */
  readonly endings: Event[]
}

/** Which token continues the session of which. */
export class Lineage {
  readonly byToken = new Map<string, Issued>()
  /** Requests whose answer set a token that was known already. */
  readonly repeated: Event[] = []

  constructor (events: readonly Event[]) {
    for (const event of [...events].sort((a, b) => a.end - b.end)) this.#add(event)
    for (const event of events) {
      const issued = this.of(event)
      issued?.sent.push(event)
      if (isEnding(event)) issued?.endings.push(event)
    }
  }

  /** The token that a request was sent with. */
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
      sent: [],
      endings: []
    }
    issued.root = parent === null ? issued : parent.root
    parent?.children.push(issued)
    this.byToken.set(token, issued)
  }
}

/** Whether the token of the answer continues the session of the request. */
export function goesOn ({ kind, key, answer }: Event): boolean {
  if (answer === null || !answer.isAccepted) return false
  // A sign-in whose old session had ended meanwhile has no data but its own.
  return kind === 'regenerate' || (kind === 'login' && Object.keys(answer.after).some(name => name !== key))
}

export function isLogout ({ kind }: Event): boolean { return kind === 'destroy' || kind === 'end' }

function isEnding (event: Event): boolean {
  return isLogout(event) || event.kind === 'regenerate' || event.kind === 'login'
}
