import type { Event } from './history.ts'
import { goesOn, type Issued } from './lineage.ts'

/** When a session was over, and why. */
export interface Ending {
  readonly at: number
  readonly by: Event
  readonly isRevocation: boolean
}

/** What ended sessions: for certain, or perhaps. */
export class Endings {
  readonly #revocations: readonly Event[]
  readonly #absoluteMs: number

  constructor (events: readonly Event[], absoluteMs: number) {
    this.#revocations = events.filter(({ kind }) => kind === 'revoke')
    this.#absoluteMs = absoluteMs
  }

  /** The first moment from which the session must not be accepted; `null` when nobody has ended it for certain. */
  certain (issued: Issued): Ending | null {
    const endings: Ending[] = []
    for (const by of issued.sent) if (isEnding(by) && isDone(by) && !this.#mayBeAlone(issued, by)) endings.push({ at: by.end, by, isRevocation: false })
    // Whoever destroys the session that it has loaded ends what a parallel request has just made of it.
    for (let older = issued.parent; older !== null; older = older.parent) {
      for (const by of older.sent) {
        if (by.kind === 'destroy' && isDone(by)) endings.push({ at: Math.max(by.end, issued.by.end), by, isRevocation: false })
      }
    }
    const { signIn } = issued
    for (const by of signIn === null ? [] : this.#revocations) {
      const isHit = by.status === 200 && by.subject === signIn!.subject && signIn!.end <= by.begin
      if (isHit) endings.push({ at: Math.max(by.end, issued.by.end), by, isRevocation: true })
    }
    return endings.reduce<Ending | null>((first, ending) => first === null || ending.at < first.at ? ending : first, null)
  }

  /**
   * Whether a sign-in may have found the session past its deadline while it ran: then it began with nothing, and other
   * servers, whose clocks are moved a little later, may still accept the old one.
   */
  #mayBeAlone (issued: Issued, by: Event): boolean {
    return by.kind === 'login' && !goesOn(by) && by.clockEnd >= issued.life.clockBegin + this.#absoluteMs
  }

  /** Whether the session may have ended before a request was answered. */
  isPossible (issued: Issued, before: Event): boolean {
    if (before.clockEnd >= issued.life.clockBegin + this.#absoluteMs) return true
    const isEarly = (by: Event) => by !== before && by.begin < before.end
    if (issued.sent.some(by => isEarly(by) && isEnding(by) && mayHaveEffect(by))) return true
    for (let child = issued, older = issued.parent; older !== null; child = older, older = older.parent) {
      if (older.sent.some(by => by.kind === 'destroy' && isEarly(by) && by.end > child.by.begin && mayHaveEffect(by))) return true
    }
    const { signIn } = issued
    return signIn !== null && this.#revocations.some(by => isEarly(by) && by.subject === signIn.subject && by.end > signIn.begin)
  }

  /** Whether a request began when the absolute deadline had passed. */
  isOverdue (issued: Issued, event: Event): boolean {
    return event.clockBegin >= issued.life.clockEnd + this.#absoluteMs
  }
}

function isEnding ({ kind }: Event): boolean {
  return kind === 'destroy' || kind === 'regenerate' || kind === 'login'
}

function isDone ({ kind, answer, issued }: Event): boolean {
  return answer !== null && answer.isAccepted && (kind === 'destroy' || issued !== null)
}

/** A logout that was refused has ended nothing. A sign-in whose subject is revoked is refused when the old session is over. */
function mayHaveEffect ({ kind, status, answer }: Event): boolean {
  return (status !== 409 || kind !== 'destroy') && answer?.isAccepted !== false
}
