import { idOfToken } from '../lib/record/ids.ts'
import type { Event } from './history.ts'
import { Lineage } from './lineage.ts'

/** A session in a list. */
export interface Listed {
  readonly id: string
  readonly data: Readonly<Record<string, unknown>>
}

/**
 * Sorts out the listed sessions that no client holds. Such a session is right where its request had done all of its work and
 * only the answer was lost: then the old session is dead, or there was none. Beside a living old session it is a ghost.
 */
export function findGhosts (events: readonly Event[], listed: readonly Listed[]): { ghosts: Listed[], unheard: Listed[] } {
  const lineage = new Lineage(events)
  const held = new Set([...lineage.byToken.keys()].map(token => idOfToken('session', token)))
  const alive = aliveIn(events)
  const interrupted = events.filter(({ status, kind }) => status === 0 && (kind === 'login' || kind === 'regenerate'))
  // A sign-in leaves a key of its own in the data, which new ids keep.
  const isFrom = (event: Event, { data }: Listed): boolean => {
    const key = event.kind === 'login' ? event.key : lineage.of(event)?.signIn?.key
    return key !== undefined && key in data
  }
  const unknown = listed.filter(({ id }) => !held.has(id))
  const hasLostItsAnswer = (one: Listed): boolean => interrupted.some(event => isFrom(event, one) && !alive.has(event.token))
  return { ghosts: unknown.filter(one => !hasLostItsAnswer(one)), unheard: unknown.filter(hasLostItsAnswer) }
}

/** The tokens that were accepted when they were sent last. */
function aliveIn (events: readonly Event[]): Set<string | null> {
  const alive = new Set<string | null>()
  for (const { token, answer } of [...events].sort((a, b) => a.end - b.end)) {
    if (answer?.isAccepted === true) alive.add(token)
    else if (answer !== null) alive.delete(token)
  }
  return alive
}
