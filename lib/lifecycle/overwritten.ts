import type { Draft } from './draft.ts'
import type { SessionState } from './state.ts'

/** Says by an event for each path where a stored merge has lost the changes of a parallel request. */
export function reportOverwritten ({ registration, cookies }: SessionState, merged: Draft | null, id: string): void {
  for (const path of merged?.overwritten ?? []) {
    registration.publish(cookies, 'conflict', id, { reason: 'overwritten', path, subject: merged!.subject })
  }
}
