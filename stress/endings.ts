import type { Event, History } from './history.ts'
import { goesOn, isLogout, type Issued } from './lineage.ts'

/** How far two clocks of one machine may drift apart while a request runs. */
const CLOCK_SLACK_MS = 50

/** When a session was over, and by which request. */
export interface Ending {
  readonly at: number
  readonly by: Event
  readonly isRevocation: boolean
}

/** Finds the requests that ended a session: for certain, or perhaps. */
export class Endings {
  readonly #revocations: readonly Event[]
  readonly #absoluteMs: number
  readonly #clocksAgree: boolean

  constructor (events: readonly Event[], { absoluteMs, clocksAgree }: Pick<History, 'absoluteMs' | 'clocksAgree'>) {
    this.#revocations = events.filter(({ kind }) => kind === 'revoke')
    this.#absoluteMs = absoluteMs
    this.#clocksAgree = clocksAgree
  }

  /** The first moment from which the session must not be accepted; `null` when no request has ended it for certain. */
  certain (issued: Issued): Ending | null {
    const endings: Ending[] = []
    for (const by of issued.endings) {
      const isCertain = isDone(by) && !this.#mayBeAlone(issued, by)
      if (isCertain) endings.push({ at: by.end, by, isRevocation: false })
    }
    // A request that destroys the session it has loaded also ends the session that a parallel request continues it as.
    for (let child = issued, older = issued.parent; older !== null; child = older, older = older.parent) {
      for (const by of older.endings) {
        const isHit = by.kind === 'destroy' || (by.kind === 'end' && by.begin < child.by.end)
        if (isHit && isDone(by)) endings.push({ at: Math.max(by.end, issued.by.end), by, isRevocation: false })
      }
    }
    const { signIn } = issued
    for (const by of signIn === null ? [] : this.#revocations) {
      const isHit = by.status === 200 && by.subject === signIn!.subject && this.#hadBegun(signIn!, by)
      if (isHit) endings.push({ at: Math.max(by.end, issued.by.end), by, isRevocation: true })
    }
    return endings.reduce<Ending | null>((first, ending) => first === null || ending.at < first.at ? ending : first, null)
  }

  /**
   * Whether the deadline of the session may have passed while a sign-in ran. Then the sign-in began with no data, and other
   * servers, whose clocks are moved a little later, may still accept the old session.
   */
  #mayBeAlone (issued: Issued, by: Event): boolean {
    return by.kind === 'login' && !goesOn(by) && by.clockEnd >= issued.life.clockBegin + this.#absoluteMs
  }

  /**
   * Whether a revocation began after the sign-in: after its answer, or at least after `login()` was called. Before the first call of
   * a sign-in reaches the store, nothing but the clock can tell what came first.
   */
  #hadBegun ({ end, answer }: Event, by: Event): boolean {
    if (end <= by.begin) return true
    return this.#clocksAgree && answer !== null && answer.calledAt !== null && answer.calledAt < by.begin
  }

  /** Whether the session may have ended before a request was answered. */
  isPossible (issued: Issued, before: Event): boolean {
    if (before.clockEnd >= issued.life.clockBegin + this.#absoluteMs) return true
    const isEarly = (by: Event) => by !== before && by.begin < before.end
    if (issued.endings.some(by => isEarly(by) && mayHaveEffect(by))) return true
    for (let child = issued, older = issued.parent; older !== null; child = older, older = older.parent) {
      if (older.endings.some(by => isLogout(by) && isEarly(by) && by.end > child.by.begin && mayHaveEffect(by))) return true
    }
    const { signIn } = issued
    return signIn !== null && this.isRevoking(signIn, before)
  }

  /** Whether a logout was under way at the same time: it follows a sign-in to the new id. */
  isLoggedOutBeside (issued: Issued, { begin, end }: Event): boolean {
    for (let at: Issued | null = issued; at !== null; at = at.parent) {
      if (at.endings.some(by => isLogout(by) && by.begin < end && by.end > begin)) return true
    }
    return false
  }

  /** Whether a revocation may have ended what a sign-in began, before a request was answered. */
  isRevoking ({ subject, begin }: Event, before: Event): boolean {
    // A revocation without an answer may still be under way.
    return this.#revocations.some(by => by.subject === subject && by.begin < before.end && (by.end > begin || by.status !== 200))
  }

  /**
   * Whether the clocks jumped while a sign-in ran. Then a revocation from before the sign-in, by a server whose clock had jumped already,
   * seems to be a later one.
   */
  isBarredByJump ({ subject, begin, end, clockBegin, clockEnd }: Event): boolean {
    const hasJumped = clockEnd - clockBegin > end - begin + CLOCK_SLACK_MS
    return hasJumped && this.#revocations.some(by => by.subject === subject && by.begin < end)
  }

  /** Whether the clocks jumped so far while a sign-in ran that its new session was over before the sign-in was. */
  hasOutlivedItself ({ clockBegin, clockEnd }: Event): boolean { return clockEnd >= clockBegin + this.#absoluteMs }

  /** Whether a request began when the absolute deadline had passed. */
  isOverdue (issued: Issued, event: Event): boolean {
    return event.clockBegin >= issued.life.clockEnd + this.#absoluteMs
  }
}

function isDone ({ kind, status, answer, issued }: Event): boolean {
  if (kind === 'end') return status === 200
  return answer !== null && answer.isAccepted && (kind === 'destroy' || issued !== null)
}

/** A refused logout has ended nothing. But a sign-in that is refused, since its subject was revoked, has ended the old session. */
function mayHaveEffect (event: Event): boolean {
  return (event.status !== 409 || !isLogout(event)) && event.answer?.isAccepted !== false
}
